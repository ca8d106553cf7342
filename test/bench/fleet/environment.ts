import { createPublicKey, type KeyObject } from "node:crypto";
import { eventBridgeEvents } from "../../../adapters/aws/events.ts";
import { kmsSealer } from "../../../adapters/aws/key-sealer.ts";
import { awsStarter } from "../../../adapters/aws/starter.ts";
import * as dnsAdapters from "../../../adapters/dns/index.ts";
import { route53Records } from "../../../adapters/dns/route53/records.ts";
import { s3 } from "../../../adapters/stores/s3.ts";
import { secretsManager } from "../../../adapters/stores/secrets-manager.ts";
import type { FunctionName } from "../../../cdk/functions.ts";
import { keyInSecret } from "../../../core/account-key.ts";
import type { Deps, KeyMaker } from "../../../core/deps.ts";
import type { IssuerRow, StoreName } from "../../../core/rows.ts";
import { withoutDns } from "../../support/memory-lookup.ts";
import { address, fleetAcme } from "./acme.ts";
import type { AwsWorld } from "./aws.ts";
import type { FleetCa } from "./ca.ts";
import { type FleetZones, route53Client } from "./route53.ts";
import { eventsClient, kmsClient, lambdaClient, statesClient } from "./small-services.ts";
import { fleetRequests, fleetState } from "./state.ts";
import { type FleetObject, type FleetSecrets, s3Client, secretsClient } from "./stores.ts";
import type { FleetTable } from "./table.ts";
import type { Throttle } from "./throttle.ts";

export const instance = "certwright";

/** All that is outside the functions. */
export interface Outside extends AwsWorld {
  requests: FleetTable;
  state: FleetTable;
  ca: FleetCa;
  zones: FleetZones;
  secrets: FleetSecrets;
  objects: Map<string, FleetObject>;
  starts: Throttle;
  keys: KeyMaker;
  store: StoreName;
  uuid(): string;
  startExecution(input: string): void;
  invoke(name: FunctionName, payload: unknown): void;
}

/** How long a function uses an account key without reading it again (functions/runtime/acme.ts). */
const keyLifeMs = 5 * 60_000;
/** DynamoDB asks KMS for a table's key again after so long, for each caller. */
const tableKeyMs = 5 * 60_000;
const dynamoMs: Record<string, number> = { BatchGetItem: 10, TransactWriteItems: 25, Scan: 60 };
const tableKeys = new WeakMap<Outside, Map<string, number>>();

/** The dependencies of one Lambda environment: the product's adapters on the fakes, in place of functions/runtime/deps.ts. */
export function openEnvironment(outside: Outside, name: FunctionName): Deps {
  const { clock, used } = outside;
  const pause = (table: string) => (action: string) => {
    askTableKey(outside, `${name} ${table}`);
    return clock.sleep(dynamoMs[action] ?? 5);
  };
  const stores = {
    secretsManager: secretsManager.create({ client: secretsClient(outside, outside.secrets) }),
    s3: s3.create({ client: s3Client(outside, outside.objects), bucket: "certwright-secrets" }),
  };
  const dns = route53Records({}, { client: route53Client(outside, outside.zones), clock, ...withoutDns });
  const sealer = kmsSealer({ client: kmsClient(outside), keyId: "key-material", instance });
  const open = acmeOf(outside);
  const accountKey = accountKeys(outside, async (secret) => (await stores.secretsManager.read(secret))?.value);
  return {
    ...{
      instance,
      defaultStore: outside.store,
      policy: {},
      clock,
      keys: outside.keys,
      dnsAdapters,
      lookup: withoutDns.lookup,
    },
    chance: { fraction: outside.fraction, uuid: outside.uuid },
    requests: fleetRequests(outside.requests.open({ used, pause: pause("requests") })),
    state: fleetState(outside.state.open({ used, pause: pause("state") }), clock),
    events: eventBridgeEvents({ client: eventsClient(outside), bus: instance }),
    starter: awsStarter({
      lambda: lambdaClient(outside, instance, (folder, payload) => outside.invoke(folder as FunctionName, payload)),
      stepFunctions: statesClient(outside, outside.starts, outside.startExecution),
      instance,
      stateMachineArn: "arn:aws:states:us-east-1:111122223333:stateMachine:certwright-issue-certificates",
    }),
    log: (line) => {
      used.logBytes += JSON.stringify(line).length + lineBytes;
    },
    store: async (store) => stores[store],
    sealer: async () => sealer,
    dns: async () => dns,
    answers: undefined,
    acme: async (issuer) => {
      await accountKey(issuer);
      return open();
    },
    acmeRegistrar: async () => open(),
    renewalInfo: () => Promise.reject(new Error("the fleet does not ask when to renew")),
    revocationList: () => Promise.reject(new Error("the fleet's certificates name no revocation lists")),
    ...noClusters,
  };
}

const none = () => Promise.reject(new Error("the fleet has no clusters"));
const noClusters: Pick<
  Deps,
  "kubernetes" | "fieldManager" | "trust" | "keystores" | "pause" | "signers" | "clusterResourceNamespace"
> = {
  signers: { ca: none, selfSigned: none, temporary: none },
  clusterResourceNamespace: "cert-manager",
  kubernetes: none,
  fieldManager: "certwright-fleet",
  trust: { defaultCAs: none, jks: none, pkcs12: none },
  keystores: { jks: none, pkcs12: none },
  pause: none,
};

/** What Lambda and CloudWatch Logs add to a line: time, request id, level, and 26 bytes of their own. */
const lineBytes = 110;

function askTableKey(outside: Outside, caller: string): void {
  const known = tableKeys.get(outside) ?? new Map<string, number>();
  tableKeys.set(outside, known);
  const now = outside.clock.at();
  if ((known.get(caller) ?? Number.NEGATIVE_INFINITY) + tableKeyMs > now) return;
  known.set(caller, now);
  outside.used.add("kms Decrypt by a service");
}

/** Each environment is taken to have an address of its own. */
function acmeOf(outside: Outside) {
  const { ca, used, zones, clock } = outside;
  const own = address(ca);
  const isPublished = (name: string, value: string) =>
    (zones.records.get(`${name} ${value}`) ?? Number.POSITIVE_INFINITY) <= clock.at();
  return () => fleetAcme({ ca, used, address: own, isPublished });
}

function accountKeys({ clock }: Outside, read: (name: string) => Promise<string | undefined>) {
  let until = 0;
  return async ({ key, acme }: IssuerRow): Promise<void> => {
    if (until > clock.at()) return;
    const name = `${instance}/${key.namespace}/${acme?.keySecretName}`;
    keyInSecret((await read(name)) ?? "", name, "tls.key");
    until = clock.at() + keyLifeMs;
  };
}

/** Hands out one key and one request again and again: neither is looked at beyond fitting together. */
export function cachedKeys(account: KeyObject, leaf: KeyObject, csr: Uint8Array): KeyMaker {
  const pkcs8 = (key: KeyObject) => key.export({ type: "pkcs8", format: "der" });
  const [accountDer, leafDer] = [pkcs8(account), pkcs8(leaf)];
  const publicKeyHash = createPublicKey(leaf).export({ type: "spki", format: "der" }).toString("hex").slice(0, 64);
  return {
    privateKey: async ({ algorithm }) => Buffer.from(algorithm === "RSA" ? accountDer : leafDer),
    csr: async () => ({ der: csr, publicKeyHash }),
  };
}

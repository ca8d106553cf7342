import { randomInt, randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { dynamoRequests } from "../../adapters/aws/requests.ts";
import { dynamoState } from "../../adapters/aws/state.ts";
import { issuers, revocationLists } from "../../adapters/issuers/index.ts";
import { openStore } from "../../adapters/stores/index.ts";
import type { Deps, KeyMaker, KeystoreFormats, TrustFormats } from "../../core/deps.ts";
import type { DnsLookup } from "../../core/dns-lookup.ts";
import type { AnswerLook } from "../../core/http-answer.ts";
import type { Events, KeySealer, SecretStore, Starter } from "../../core/ports.ts";
import type { StoreName } from "../../core/rows.ts";
import type { Signers } from "../../core/signing-port.ts";
import { acmeIssuers } from "./acme.ts";
import { dnsProviders } from "./dns.ts";
import type { Environment } from "./environment.ts";
import { fieldManagerOf, openKubernetes } from "./kubernetes.ts";
import { logLine } from "./log.ts";

/** How every SDK client of a function is made; the suffix tells an observer which function a call is from. */
export interface ClientConfig {
  customUserAgent: [string, string][];
}

/** The real world behind the rules. Clients that a step may not need are loaded when it asks for them. */
export function openDeps(environment: Environment, functionName: string): Deps {
  const client: ClientConfig = { customUserAgent: [[`certwright-${functionName}`, "1"]] };
  const clock = { now: () => new Date() };
  const dynamo = new DynamoDBClient(client);
  const { secretsBucket: bucket, keyMaterialKeyArn } = environment;
  const lookup = openDnsLookup(environment);
  const store = onceEach((name: StoreName) => openStore(name, { ...client, bucket, kmsKeyId: keyMaterialKeyArn }));
  return {
    instance: environment.instance,
    defaultStore: environment.defaultStore,
    policy: { namespaces: environment.namespaces },
    clock,
    chance: { fraction: () => randomInt(2 ** 32) / 2 ** 32, uuid: randomUUID },
    requests: dynamoRequests({ client: dynamo, table: environment.requestsTable }),
    state: dynamoState({ client: dynamo, table: environment.stateTable, clock }),
    events: openEvents(environment, client),
    starter: openStarter(environment, client),
    log: logLine,
    store,
    sealer: once(() => openSealer(environment, client)),
    keys: openKeys(),
    signers,
    clusterResourceNamespace: environment.clusterResourceNamespace,
    ...acmeIssuers(environment, { clock, userAgent: `certwright-${functionName}/1`, store }),
    revocationList: openLists(environment, `certwright-${functionName}/1`),
    ...dnsProviders({ ...environment, client, clock, store, lookup }),
    lookup,
    answers: environment.servesHttp01 ? openLook(environment, `certwright-${functionName}/1`) : undefined,
    ...openKubernetes(environment, { client, clock, store }),
    fieldManager: fieldManagerOf(environment.stateMachineArn),
    trust: openTrust(),
    keystores: openKeystores(),
    pause: (ms) => pause(ms),
  };
}

/** Remembers the answer for each argument while the function is warm; a failure is not remembered. */
function onceEach<In, Out>(open: (name: In) => Promise<Out>): (name: In) => Promise<Out> {
  const opened = new Map<In, Promise<Out>>();
  return (name) => {
    const known = opened.get(name) ?? open(name);
    opened.set(name, known);
    known.catch(() => opened.delete(name));
    return known;
  };
}

function once<Out>(open: () => Promise<Out>): () => Promise<Out> {
  const each = onceEach(open);
  return () => each(undefined);
}

function openEvents({ busName }: Environment, client: ClientConfig): Events {
  const open = once(async () => {
    const [{ EventBridgeClient }, { eventBridgeEvents }] = await Promise.all([
      import("@aws-sdk/client-eventbridge"),
      import("../../adapters/aws/events.ts"),
    ]);
    return eventBridgeEvents({ client: new EventBridgeClient(client), bus: busName });
  });
  return { publish: async (facts) => (await open()).publish(facts) };
}

function openStarter({ instance, stateMachineArn }: Environment, client: ClientConfig): Starter {
  const open = once(async () =>
    (await import("../../adapters/aws/starter.ts")).openStarter({ client, instance, stateMachineArn }),
  );
  return {
    startIssuance: async (input) => (await open()).startIssuance(input),
    executionArn: (leaseId) => `${stateMachineArn.replace(":stateMachine:", ":execution:")}:${leaseId}`,
    dispatch: async (keys) => (await open()).dispatch(keys),
    sweep: async () => (await open()).sweep(),
    checkCertificates: async (keys) => (await open()).checkCertificates(keys),
    checkIssuer: async (key) => (await open()).checkIssuer(key),
    cleanUp: async (refs, issuer) => (await open()).cleanUp(refs, issuer),
    syncKubernetes: async (order) => (await open()).syncKubernetes(order),
    revoke: async (ref) => (await open()).revoke(ref),
    rewriteSecrets: async (keys) => (await open()).rewriteSecrets(keys),
  };
}

async function openSealer({ instance, keyMaterialKeyArn }: Environment, client: ClientConfig): Promise<KeySealer> {
  const [{ KMSClient }, { kmsSealer }] = await Promise.all([
    import("@aws-sdk/client-kms"),
    import("../../adapters/aws/key-sealer.ts"),
  ]);
  return kmsSealer({ client: new KMSClient(client), keyId: keyMaterialKeyArn, instance });
}

function openDnsLookup({ allowedPrivateHosts, dnsResolvers }: Environment): DnsLookup {
  const open = once(async () =>
    (await import("../../adapters/dns/lookup/open.ts")).openLookup({ allowedPrivateHosts, resolvers: dnsResolvers }),
  );
  return {
    resolve: async (name, type) => (await open()).resolve(name, type),
    ask: async (server, name, type) => (await open()).ask(server, name, type),
  };
}

/** Keys and CSRs are loaded apart: check-issuer makes keys only. */
function openKeys(): KeyMaker {
  return {
    privateKey: async (key) => (await import("../../adapters/keys/private-key.ts")).makePrivateKey(key),
    csr: async (request) => (await import("../../adapters/keys/csr.ts")).makeCsr(request),
  };
}

function openLook({ allowedPrivateHosts, http01Port: port, dnsResolvers }: Environment, userAgent: string): AnswerLook {
  const open = once(async () => {
    const [{ answerLook }, { resolveWith }] = await Promise.all([
      import("../../adapters/http01/look.ts"),
      import("../../adapters/http01/resolve.ts"),
    ]);
    return answerLook({ resolve: resolveWith(dnsResolvers), allowedPrivateHosts, port, userAgent });
  });
  return { look: async (identifier, answer) => (await open()).look(identifier, answer) };
}

function openLists({ allowedPrivateHosts }: Environment, userAgent: string): Deps["revocationList"] {
  const open = once(async () => (await revocationLists()).revocationLists({ allowedPrivateHosts, userAgent }));
  return async (url) => (await open())(url);
}

/** For Sign, and for the placeholders that Prepare makes. */
const signers: Signers = {
  ca: async (order, by) => (await issuers.ca()).ca.sign(order, by),
  selfSigned: async (order, by) => (await issuers.selfSigned()).selfSigned.sign(order, by),
  temporary: async (order) => (await import("../../adapters/issuers/signing/temporary.ts")).signTemporary(order),
};

/** Formats that only Bundles need, each loaded by itself. */
function openTrust(): TrustFormats {
  return {
    defaultCAs: async () => (await import("../../adapters/trust/default-cas.ts")).defaultCAs(),
    jks: async (certificates, password) => (await import("../../adapters/trust/jks.ts")).jks(certificates, password),
    pkcs12: async (certificates, password, profile) =>
      (await import("../../adapters/trust/pkcs12.ts")).pkcs12(certificates, password, profile),
  };
}

/** Formats that few Certificates ask for, each loaded by itself. */
function openKeystores(): KeystoreFormats {
  return {
    jks: async (content, how) => (await import("../../adapters/trust/jks-keystore.ts")).jksKeystore(content, how),
    pkcs12: async (content, how) =>
      (await import("../../adapters/trust/pkcs12-keystore.ts")).pkcs12Keystore(content, how),
  };
}

export type OpenStore = (name: StoreName) => Promise<SecretStore>;

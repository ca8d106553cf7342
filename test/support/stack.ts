import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { DeleteItemCommand } from "@aws-sdk/client-dynamodb";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { marshall } from "@aws-sdk/util-dynamodb";
import { inject } from "vitest";
import { dynamoState } from "../../adapters/aws/state.ts";
import type { CertificateRow } from "../../core/rows.ts";
import { createClients } from "../../local/clients.ts";
import type { RecordSet } from "../../local/record-set.ts";
import type { Manifest } from "../../local/requests.ts";
import { putRequest } from "../../local/requests.ts";
import { keepSweeping } from "../../local/sweeper.ts";
import { createControl, createProxyControl } from "./control.ts";

/** Where the stack of this run listens; `provide`d by global-setup.ts. */
export interface StackFacts {
  instance: string;
  controlUrl: string;
  /** AWS through the proxy. */
  endpoint: string;
  /** AWS past the proxy: what tests do here is neither recorded nor disturbed. */
  emulatorEndpoint: string;
  region: string;
  account: string;
  /** Logs of the run. */
  folder: string;
  dnsServer: string;
  directoryUrl: string;
  /** Where Pebble is asked and told what no CA would. */
  managementUrl: string;
  caCertificate: string;
  /** An external account that Pebble accepts (RFC 8555 7.3.4); it demands none. */
  externalAccount: { keyId: string; hmacKey: string };
  /** A name that Pebble refuses to issue for. */
  blockedDomain: string;
}

/** The keys of a stored secret: `tls.crt`, `tls.key`, `ca.crt` ... and `metadata`. */
export type SecretValue = Record<string, string> & { metadata?: unknown };

interface CertificateName {
  namespace?: string;
  name: string;
}

/** Everything a test does to the stack, in its own words. */
export function connectStack(facts: StackFacts = inject("stack")) {
  const { instance } = facts;
  const clients = createClients(facts.emulatorEndpoint, facts.region);
  const control = createControl(facts.controlUrl);
  const tables = { requests: `${instance}-requests`, state: `${instance}-state` };
  const clock = { now: () => new Date() };
  const state = dynamoState({ client: clients.dynamo, table: tables.state, clock });
  const invoke = async (name: string, payload: unknown = {}) => {
    const sent = new InvokeCommand({ FunctionName: `${instance}-${name}`, Payload: JSON.stringify(payload) });
    const { FunctionError, Payload } = await clients.lambda.send(sent);
    const answer = Payload?.transformToString() ?? "";
    if (FunctionError) throw new Error(`${name} failed: ${answer}`);
    return answer === "" ? undefined : (JSON.parse(answer) as unknown);
  };
  return {
    facts,
    clients,
    /** Route 53 for a foreign writer: through the proxy, so that DNS shows what it does; recorded as `function: none`. */
    route53: createClients(facts.endpoint, facts.region).route53,
    tables,
    state,
    control,
    ...createProxyControl(control),
    ...requestsOf(clients, tables.requests),
    certificate: ({ namespace = "default", name }: CertificateName) =>
      state.certificate({ namespace, kind: "Certificate", name }),
    waitFor: (certificate: CertificateName, until: (row: CertificateRow) => boolean, timeoutMs = 60_000) =>
      waitFor(state, certificate, until, timeoutMs),
    /** The row once it is Ready; with `revision` once it is Ready with that one. */
    ready: (
      certificate: CertificateName,
      { revision, timeoutMs = 60_000 }: { revision?: number; timeoutMs?: number } = {},
    ) => {
      const until = (row: CertificateRow) =>
        row.ready.status === "True" && (revision === undefined || (row.revision ?? 0) >= revision);
      return waitFor(state, certificate, until, timeoutMs);
    },
    /** The value that readers get, from Secrets Manager. */
    secret: async ({ namespace = "default", name }: { namespace?: string; name: string }): Promise<SecretValue> => {
      const asked = new GetSecretValueCommand({ SecretId: `${instance}/${namespace}/${name}` });
      return JSON.parse((await clients.secrets.send(asked)).SecretString ?? "{}") as SecretValue;
    },
    invoke,
    sweep: () => invoke("sweep"),
    resync: () => invoke("resync"),
    /** Sweeps every so many seconds until the returned function is called; certificates of two minutes need it. */
    keepSweeping: (everySeconds = 10) => keepSweeping(clients, instance, everySeconds),
    /** TXT records, as Route 53 holds them (the default) or as the name servers show them. */
    txtRecords: async (which: "accepted" | "shown" = "accepted"): Promise<RecordSet[]> =>
      (await control("records", { which })).filter((set) => set.type === "TXT"),
    /** The root of what Pebble issues, PEM. */
    rootCertificate: (): Promise<string> => control("rootCertificate", {}),
    /** Throws what openssl says when the chain does not lead to Pebble's root or the key does not belong to it. */
    verify: async (secret: SecretValue) => opensslVerify(secret, await control("rootCertificate", {})),
  };
}

function requestsOf(clients: ReturnType<typeof createClients>, table: string) {
  return {
    /** Writes an object as a user's put-item would. */
    put: (manifest: Manifest) => putRequest(clients.dynamo, table, manifest),
    delete: async (key: { namespace?: string; kind?: string; name: string }) => {
      const { namespace = "default", kind = "Certificate", name } = key;
      const Key = marshall({ namespace, resource: `${kind}/${name}` });
      await clients.dynamo.send(new DeleteItemCommand({ TableName: table, Key }));
    },
  };
}

async function waitFor(
  state: ReturnType<typeof dynamoState>,
  { namespace = "default", name }: CertificateName,
  until: (row: CertificateRow) => boolean,
  timeoutMs: number,
): Promise<CertificateRow> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const row = await state.certificate({ namespace, kind: "Certificate", name });
    if (row && until(row)) return row;
    if (Date.now() > end) throw new Error(`${namespace}/${name} after ${timeoutMs} ms: ${JSON.stringify(row)}`);
    await sleep(100);
  }
}

async function opensslVerify(secret: SecretValue, root: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "certwright-verify-"));
  const file = (name: string) => join(folder, name);
  const openssl = async (...args: string[]) => (await promisify(execFile)("openssl", args)).stdout;
  try {
    await writeFile(file("chain.pem"), secret["tls.crt"] ?? "");
    await writeFile(file("root.pem"), root);
    await writeFile(file("key.pem"), secret["tls.key"] ?? "", { mode: 0o600 });
    await openssl("verify", "-CAfile", file("root.pem"), "-untrusted", file("chain.pem"), file("chain.pem"));
    const ofCertificate = await openssl("x509", "-in", file("chain.pem"), "-noout", "-pubkey");
    const ofKey = await openssl("pkey", "-in", file("key.pem"), "-pubout");
    if (ofCertificate !== ofKey) throw new Error("the key is not the certificate's");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

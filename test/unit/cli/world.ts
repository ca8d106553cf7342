import { run } from "../../../cli/run.ts";
import type { Installation } from "../../../cli/verb.ts";
import type { State, StoredSecret } from "../../../core/ports.ts";
import { clusterNamespace, type Kind, type ResourceKey } from "../../../core/resource.ts";
import type { AttemptRow, CertificateRow, IssuerRow } from "../../../core/rows.ts";
import { type Condition, rfc3339 } from "../../../core/status.ts";
import { type MemoryRequests, memoryRequests } from "../../support/memory-requests.ts";
import { memoryState } from "../../support/memory-state.ts";
import { parseRequest } from "../../support/parse.ts";

export const noon = Date.parse("2026-11-22T12:00:00Z");
export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

export interface World {
  requests: MemoryRequests;
  state: State;
  /** Stored secrets: `<store>:<name>` to value. */
  secrets: Map<string, string>;
  /** What is known of stored secrets without their values, by the same keys. */
  described: Map<string, StoredSecret>;
  installation: Installation;
  /** Runs one command line. */
  run(
    line: string | string[],
    how?: { stdin?: string; colour?: boolean; live?: boolean; stop?: AbortSignal },
  ): Promise<Ran>;
  /** What happens during the next sleeps, in order. */
  meanwhile: (() => Promise<unknown>)[];
  now: number;
}

interface Ran {
  code: number;
  out: string;
  err: string;
  progress: string[];
}

/** An installation in memory and a terminal that remembers; sleeping moves the clock and lets the next thing happen. */
export function makeWorld(): World {
  const requests = memoryRequests();
  const state = memoryState();
  const secrets = new Map<string, string>();
  const described = new Map<string, StoredSecret>();
  const meanwhile: World["meanwhile"] = [];
  const installation: Installation = {
    instance: "certwright",
    roleArn: (folder) => `arn:aws:iam::123456789012:role/certwright-${folder}`,
    requests,
    state,
    clock: { now: () => new Date(world.now) },
    annotate: (key, annotation, value) => annotate(requests, key, annotation, value),
    readSecret: async (store, name) => secrets.get(`${store}:${name}`),
    describeSecret: async (store, name) => described.get(`${store}:${name}`),
    sleep: async (ms) => {
      world.now += ms;
      await meanwhile.shift()?.();
    },
  };
  const world: World = {
    requests,
    state,
    secrets,
    described,
    installation,
    meanwhile,
    now: noon,
    run: async (line, how = {}) => {
      const ran = { out: [] as string[], err: [] as string[], progress: [] as string[] };
      const colour = how.colour ?? false;
      const io = {
        out: (text: string) => void ran.out.push(text),
        err: (text: string) => void ran.err.push(text),
        readStdin: async () => how.stdin ?? "",
        colour: { out: colour, err: colour },
        ...(how.live ? { progress: (text: string) => void ran.progress.push(text) } : {}),
      };
      const untilStopped = () => how.stop ?? new AbortController().signal;
      const argv = typeof line === "string" ? line.split(" ").filter(Boolean) : line;
      const code = await run(argv, { io, connect: async () => installation, untilStopped });
      return { code, out: ran.out.join("\n"), err: ran.err.join("\n"), progress: ran.progress };
    },
  };
  return world;
}

export const specOf = (name: string) => ({
  secretName: `${name}-tls`,
  dnsNames: [`${name}.example.test`],
  issuerRef: { name: "pebble", kind: "ClusterIssuer" },
});

export function keyOf(name: string, namespace = "default", kind: Kind = "Certificate"): ResourceKey {
  return { namespace, kind, name };
}

interface Wanted {
  namespace?: string;
  spec?: unknown;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** A Certificate in Requests; answers its spec hash. */
export async function request(world: World, name: string, wanted: Wanted = {}): Promise<string> {
  const { namespace = "default", spec = specOf(name), labels, annotations } = wanted;
  const metadata = { ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) };
  await world.requests.put({ key: keyOf(name, namespace), apiVersion: "cert-manager.io/v1", metadata, spec });
  const stored = await world.requests.get(keyOf(name, namespace));
  if (!stored) throw new Error("it was just put");
  const parsed = parseRequest(stored);
  return parsed.ok ? parsed.resource.specHash : parsed.specHash;
}

export function ready(status: Condition["status"], reason: string, message: string, since = noon - hourMs): Condition {
  return { type: "Ready", status, reason, message, lastTransitionTime: rfc3339(since), observedGeneration: 1 };
}

export const issued = (name: string): NonNullable<CertificateRow["issued"]> & { renewalTime: number } => ({
  specHash: "hash",
  attemptId: "11111111-2222-4333-8444-555555555555",
  secretName: `${name}-tls`,
  store: "secretsManager",
  secretArn: `arn:aws:secretsmanager:eu-central-1:000000000000:secret:certwright/default/${name}-tls`,
  versionId: "11111111-2222-4333-8444-555555555555",
  notBefore: noon - hourMs,
  notAfter: noon - hourMs + 90 * dayMs,
  renewalTime: noon - hourMs + 60 * dayMs,
  fingerprint: "ab".repeat(32),
});

/** The row of a Certificate that was issued an hour ago and is up to date. */
export function readyRow(name: string, specHash: string, more: Partial<CertificateRow> = {}): CertificateRow {
  return {
    key: keyOf(name),
    schema: 1,
    version: 0,
    generation: 1,
    specHash,
    issuer: "_cluster/ClusterIssuer/pebble",
    ready: ready("True", "Ready", "Certificate is up to date and has not expired"),
    revision: 1,
    issued: issued(name),
    dueAt: issued(name).renewalTime,
    lane: "renew",
    ...more,
  };
}

/** The row of a Certificate that never was issued. */
export function newRow(name: string, specHash: string, more: Partial<CertificateRow> = {}): CertificateRow {
  const { issued: _issued, revision: _revision, dueAt: _dueAt, ...row } = readyRow(name, specHash);
  return { ...row, lane: "new", ready: ready("False", "DoesNotExist", "Issuing certificate"), ...more };
}

/** Writes a row over whatever is there. */
export async function putRow(world: World, row: CertificateRow): Promise<void> {
  const before = await world.state.certificate(row.key);
  await world.state.putCertificate({ ...row, version: before?.version ?? 0 });
}

export function attemptRow(name: string, specHash: string, more: Partial<AttemptRow> = {}): AttemptRow {
  return {
    ref: { namespace: "default", name, attemptId: "11111111-2222-4333-8444-555555555555" },
    schema: 1,
    leaseId: "lease",
    generation: 1,
    specHash,
    issuer: "_cluster/ClusterIssuer/pebble",
    lane: "new",
    reason: "DoesNotExist",
    startedAt: noon - 10_000,
    step: "prepare",
    ...more,
  };
}

/** A ClusterIssuer that is registered. */
export async function clusterIssuer(world: World, name: string): Promise<void> {
  const key: ResourceKey = { namespace: clusterNamespace, kind: "ClusterIssuer", name };
  const server = "https://127.0.0.1:14000/dir";
  const solvers = [{ dns01: { route53: { region: "eu-central-1" } } }];
  const spec = { acme: { server, privateKeySecretRef: { name: "account" }, solvers } };
  await world.requests.put({ key, apiVersion: "cert-manager.io/v1", spec });
  const stored = await world.requests.get(key);
  const parsed = stored && parseRequest(stored);
  const row: IssuerRow = {
    key,
    schema: 1,
    version: 0,
    generation: 1,
    specHash: parsed?.ok ? parsed.resource.specHash : "",
    ready: ready("True", "ACMEAccountRegistered", "The ACME account was registered with the ACME server"),
    acme: {
      server,
      accountUrl: "https://127.0.0.1:14000/my-account/1",
      directory: {},
      keyThumbprint: "x",
      keySecretName: "account",
      lastRegisteredEmail: "ops@example.test",
    },
  };
  await world.state.putIssuer(row);
}

async function annotate(
  requests: MemoryRequests,
  key: ResourceKey,
  annotation: string,
  value: string,
): Promise<boolean> {
  const stored = await requests.get(key);
  if (!stored) return false;
  const metadata = (stored.metadata ?? {}) as { annotations?: Record<string, string> };
  const annotations = { ...metadata.annotations, [annotation]: value };
  await requests.put({ ...stored, apiVersion: String(stored.apiVersion), metadata: { ...metadata, annotations } });
  return true;
}

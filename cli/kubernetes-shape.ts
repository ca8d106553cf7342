import type { Ari } from "../core/ari.ts";
import type { CrlLook } from "../core/crl-look.ts";
import type { BundleRow, ClusterRow } from "../core/kubernetes/rows.ts";
import { clusterNamespace } from "../core/resource.ts";
import type { CertificateRow, IssuerRow } from "../core/rows.ts";
import { type Condition, rfc3339, stepIn } from "../core/status.ts";
import { rowOf, type Seen } from "./objects.ts";
import { renewalOf } from "./summary.ts";

/** An object as Kubernetes prints it; the order of its fields never changes. */
export function kubernetesShape(seen: Seen): object {
  const { key, written } = seen;
  const row = rowOf(seen);
  const status = statusOf(seen);
  return {
    apiVersion: written.apiVersion,
    kind: key.kind,
    metadata: withoutUndefined({
      name: key.name,
      namespace: key.namespace === clusterNamespace ? undefined : key.namespace,
      generation: row && row.generation + (row.specHash === seen.specHash ? 0 : 1),
      labels: nonEmpty(written.labels),
      annotations: nonEmpty(written.annotations),
    }),
    spec: sorted(written.spec),
    ...(status ? { status } : {}),
  };
}

/** A v1 List, as `kubectl get -o json` wraps several objects. */
export function listShape(items: object[]): object {
  return { apiVersion: "v1", kind: "List", metadata: { resourceVersion: "" }, items };
}

function statusOf(seen: Seen): object | undefined {
  const { certificate, issuer, cluster, bundle } = seen;
  if (certificate?.key.kind === "CertificateRequest") return requestStatus(seen, certificate);
  if (certificate) return certificateStatus(seen, certificate);
  if (cluster) return clusterStatus(cluster);
  return bundle ? bundleStatus(bundle) : issuer && issuerStatus(issuer);
}

function certificateStatus(seen: Seen, row: CertificateRow): object {
  const { issued } = row;
  return withoutUndefined({
    conditions: conditions([row.ready, row.issuing, row.lifetimeShortened], row.generation),
    observedGeneration: row.generation,
    notBefore: issued && rfc3339(issued.notBefore),
    notAfter: issued && rfc3339(issued.notAfter),
    renewalTime: timeOf(renewalOf(seen)),
    revision: row.revision,
    failedIssuanceAttempts: row.failedIssuanceAttempts || undefined,
    lastFailureTime: row.lastFailureTime,
    acme: row.ari && { ari: renewalInformation(row.ari) },
    // cert-manager has no such fields: what follows is ours.
    step: seen.attempt && stepIn(seen.attempt),
    attempt: row.attempt?.id,
    executionArn: row.attempt?.executionArn,
    nextDecisionTime: timeOf(row.dueAt),
    secretArn: issued?.secretArn,
    secretVersionId: issued?.versionId,
    store: issued?.store,
    fingerprint: issued?.fingerprint,
    revocationList: row.crl && revocationList(row.crl),
  });
}

/** cert-manager's status.acme.ari. */
function renewalInformation({ window, explanationUrl, checkedAt, nextCheckAt, lastError }: Ari): object {
  return withoutUndefined({
    suggestedWindow: window && { start: rfc3339(window.start), end: rfc3339(window.end) },
    explanationURL: explanationUrl,
    lastChecked: timeOf(checkedAt),
    nextCheck: rfc3339(nextCheckAt),
    lastError,
  });
}

function revocationList({ checkedAt, nextCheckAt, lastError }: CrlLook): object {
  return withoutUndefined({ lastChecked: timeOf(checkedAt), nextCheck: rfc3339(nextCheckAt), lastError });
}

/** `certificate` and `ca` are base64 of PEM, as Kubernetes prints bytes. */
function requestStatus({ result }: Seen, row: CertificateRow): object {
  const { approved, denied, invalid, failureTime } = row.own ?? {};
  const bytes = (pem: string | undefined) => pem && Buffer.from(pem).toString("base64");
  return withoutUndefined({
    conditions: conditions([approved, denied, row.ready, invalid], row.generation),
    certificate: bytes(result?.chain),
    ca: bytes(result?.ca),
    failureTime,
    // cert-manager has no such fields: what follows is ours.
    attempt: row.attempt?.id,
    executionArn: row.attempt?.executionArn,
    nextDecisionTime: timeOf(row.dueAt),
  });
}

function issuerStatus(row: IssuerRow): object {
  return withoutUndefined({
    conditions: conditions([row.ready], row.generation),
    observedGeneration: row.generation,
    acme: row.acme && withoutUndefined({ uri: row.acme.accountUrl, lastRegisteredEmail: row.acme.lastRegisteredEmail }),
  });
}

function clusterStatus(row: ClusterRow): object {
  const { lastError } = row;
  return withoutUndefined({
    conditions: conditions([row.ready], row.generation),
    observedGeneration: row.generation,
    kubernetesVersion: row.kubernetesVersion,
    secretsInSync: row.inSync,
    secrets: row.mirrors,
    lagSeconds: row.lagMs === undefined ? undefined : row.lagMs / 1000,
    lastError: lastError && { time: rfc3339(lastError.at), reason: lastError.reason, message: lastError.message },
    nextTryTime: timeOf(row.retryAt ?? row.dueAt),
  });
}

/** defaultCAVersion is trust-manager's field. */
function bundleStatus(row: BundleRow): object {
  return withoutUndefined({
    conditions: conditions([row.ready], row.generation),
    observedGeneration: row.generation,
    defaultCAVersion: row.defaultCAVersion,
    nextTryTime: timeOf(row.dueAt),
  });
}

function timeOf(at: number | undefined): string | undefined {
  return at === undefined ? undefined : rfc3339(at);
}

function conditions(all: (Condition | undefined)[], generation: number): object[] {
  return all
    .filter((condition) => condition !== undefined)
    .map(({ type, status, reason, message, lastTransitionTime, observedGeneration }) => ({
      type,
      status,
      observedGeneration: observedGeneration ?? generation,
      lastTransitionTime,
      reason,
      message,
    }));
}

/** DynamoDB keeps no order of keys, so they are put in one. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value instanceof Set) return [...value].sort();
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : Number(a > b)))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

function nonEmpty(map: Record<string, string>): unknown {
  return Object.keys(map).length === 0 ? undefined : sorted(map);
}

function withoutUndefined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

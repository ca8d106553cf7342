import { RateLimitedError, RefusedError, UnavailableError } from "../../core/errors.ts";
import type { KubernetesKind } from "../../core/kubernetes/port.ts";
import { places } from "./resources.ts";
import { type StatusCause, withoutValues } from "./without-values.ts";

/** What was asked of which apiserver. */
export interface KubernetesCall {
  /** RBAC's word. */
  verb: "get" | "list" | "patch" | "delete";
  /** Absent: a path that is no object (`/version`). */
  kind?: KubernetesKind;
  namespace?: string;
  name?: string;
}

/** Whom to speak of. */
export interface Apiserver {
  /** The Cluster's name. */
  cluster: string;
  /** `k8s.example.com:6443` */
  host: string;
}

/** https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#Status */
export interface KubernetesStatus {
  code: number;
  reason?: string;
  message?: string;
  details?: { name?: string; kind?: string; causes?: StatusCause[] };
}

interface Refusal {
  call: KubernetesCall;
  at: Apiserver;
  status: KubernetesStatus;
  causes: StatusCause[];
  /** Without values. */
  words: string;
}

/** Turns an apiserver's refusal into what the port throws (core/kubernetes/port.ts); `retryAt`: what its Retry-After says. */
export function faultOf(status: KubernetesStatus, call: KubernetesCall, at: Apiserver, retryAt: Date): Error {
  const causes = status.details?.causes ?? [];
  const known = [call.namespace, call.name, ...(call.kind ? [call.kind, places[call.kind].plural] : [])];
  const words = withoutValues(
    status.message ?? "",
    causes,
    known.filter((word) => word !== undefined),
  );
  const refusal = { call, at, status, causes, words };
  if (status.code === 429) return busy(refusal, retryAt);
  return (rules.find(([applies]) => applies(refusal))?.[1] ?? refused)(refusal);
}

/** In order: the first that applies makes the error. */
const rules: [(refusal: Refusal) => boolean, (refusal: Refusal) => Error][] = [
  [isTooLarge, tooLarge],
  [isMisshapen, refused],
  [({ status }) => status.code >= 500 || status.code < 400, unreachable],
  [({ status }) => status.code === 401, credentialsRejected],
  [({ status }) => status.code === 403 && isAnonymous(status), credentialsRejected],
  [isTerminating, namespaceTerminating],
  [({ status }) => status.code === 403 && /exceeded quota|failed quota/.test(status.message ?? ""), quotaExceeded],
  [({ status }) => status.code === 403, forbidden],
  [({ status }) => status.code === 404 && status.details?.kind === "namespaces", namespaceNotFound],
  [({ causes }) => causes.some(({ reason }) => reason === "FieldManagerConflict"), fieldManagerConflict],
  [({ status, causes }) => status.code === 409 || causes.some(isAboutUid), objectChanged],
];

/** 413 from 3 MiB on; 422 of an object over 1 MiB (a ConfigMap's field is `[]`) or annotations over 256 KiB; etcd's limit is a 500. */
function isTooLarge({ status, causes }: Refusal): boolean {
  const fields = ["data", "binaryData", "[]", "", "metadata.annotations"];
  return (
    status.code === 413 ||
    causes.some(({ reason, field = "" }) => reason === "FieldValueTooLong" && fields.includes(field)) ||
    (status.code === 500 && /etcdserver: request is too large/.test(status.message ?? ""))
  );
}

/** What does not fit the schema is a 500 to server-side apply. */
function isMisshapen({ status }: Refusal): boolean {
  return status.code === 500 && /^failed to (create typed|convert)/.test(status.message ?? "");
}

/** An object of another uid than the one sent: 422, "field is immutable". */
function isAboutUid({ field }: StatusCause): boolean {
  return field === "metadata.uid";
}

function isAnonymous({ message }: KubernetesStatus): boolean {
  return message?.includes('User "system:anonymous"') ?? false;
}

function isTerminating({ status, causes }: Refusal): boolean {
  return (
    causes.some(({ reason }) => reason === "NamespaceTerminating") ||
    (status.code === 403 && /because it is being terminated/.test(status.message ?? ""))
  );
}

function busy({ at }: Refusal, retryAt: Date): RateLimitedError {
  return new RateLimitedError({
    reason: "ClusterBusy",
    message: `The apiserver ${at.host} has too many requests (429).`,
    fix: "Nothing, if it is rare. Else lower spec.requestsPerSecond of the Cluster, or see the cluster's API priority and fairness.",
    retryAt,
  });
}

function unreachable({ at, status, words }: Refusal): UnavailableError {
  return new UnavailableError({
    reason: "ClusterUnreachable",
    message: `The apiserver ${at.host} answered ${status.code}${words && `: ${words}`}`,
    fix: "See the apiserver's own log and health (/readyz), and its admission webhooks.",
  });
}

function credentialsRejected({ at, status }: Refusal): RefusedError {
  const what = status.code === 401 ? "does not accept our credentials (401)" : "saw no credentials from us (anonymous)";
  return new RefusedError({
    reason: "CredentialsRejected",
    message: `The apiserver ${at.host} ${what}.`,
    fix: "Store credentials that are valid now under the secret that spec.auth of the Cluster names. EKS: check clusterName, and that the cluster has an access entry for the role.",
  });
}

function forbidden({ call, at, status, words }: Refusal): RefusedError {
  const rbac = /^.*?User "([^"]*)" cannot (\w+) /.exec(status.message ?? "");
  const [, user, verb = call.verb] = rbac ?? [];
  const what = `${verb} ${describe(call)}`;
  return new RefusedError({
    reason: "KubernetesForbidden",
    message: rbac
      ? `The user "${user}" may not ${what} (${at.host}).`
      : `The apiserver ${at.host} forbids us to ${what}: ${words}`,
    fix: rbac
      ? `Apply the Roles that "certwright kubernetes rbac ${at.cluster}" prints. Roles lie in a namespace: if the namespace itself is missing, create it first.`
      : "Change the admission rule of the cluster that its message names, or the object.",
  });
}

function namespaceNotFound({ call, at, status }: Refusal): RefusedError {
  return new RefusedError({
    reason: "NamespaceNotFound",
    message: `There is no namespace "${status.details?.name ?? call.namespace}" in the cluster (${at.host}).`,
    fix: "Create the namespace, or map to another in spec.namespaceMap of the Cluster.",
  });
}

function namespaceTerminating({ call, at }: Refusal): RefusedError {
  return new RefusedError({
    reason: "NamespaceTerminating",
    message: `The namespace "${call.namespace}" is being deleted (${at.host}).`,
    fix: "Create it again when it is gone, or map to another in spec.namespaceMap of the Cluster.",
  });
}

function quotaExceeded({ call, at, status }: Refusal): RefusedError {
  const [, quota] = /quota: ([\w.,:/= -]{1,300})/.exec(status.message ?? "") ?? [];
  return new RefusedError({
    reason: "QuotaExceeded",
    message: `No room for ${describe(call)} (${at.host})${quota === undefined ? "." : `: quota ${quota}`}`,
    fix: "Raise the ResourceQuota of the namespace, or delete what is not needed.",
  });
}

/** The causes name manager and field: `conflict with "kubectl-edit" using v1`, `.data.tls.crt`. */
function fieldManagerConflict({ call, at, causes }: Refusal): RefusedError {
  const fields = new Map<string, string[]>();
  for (const { reason, message = "", field = "" } of causes) {
    if (reason !== "FieldManagerConflict") continue;
    const [, manager = "another"] = /conflicts? with "((?:[^"\\]|\\.)*)"/.exec(message) ?? [];
    fields.set(manager, [...(fields.get(manager) ?? []), field]);
  }
  const owners = [...fields].map(([manager, owned]) => `"${manager}" has ${owned.join(", ")}`);
  return new RefusedError({
    reason: "FieldManagerConflict",
    message: `Others wrote fields of ${describe(call)} (${at.host}): ${owners.join("; ")}`,
    fix: "Decide who writes them. kubectl get --show-managed-fields -o yaml shows the owners; who stops should delete the object or let go of these fields.",
  });
}

function objectChanged({ call, at }: Refusal): RefusedError {
  return new RefusedError({
    reason: "ObjectChanged",
    message: `Somebody changed or replaced ${describe(call)} in between (${at.host}).`,
    fix: "Nothing: it is read again.",
  });
}

function tooLarge({ call, at, words }: Refusal): RefusedError {
  return new RefusedError({
    reason: "ObjectTooLarge",
    message: `Too large for the cluster: ${describe(call)} (${at.host})${words && `: ${words}`}`,
    fix: "An object may hold 1 MiB, and 256 KiB of annotations: leave out keystores, additional formats or certificates.",
  });
}

function refused({ call, at, status, words }: Refusal): RefusedError {
  return new RefusedError({
    reason: "ObjectRefused",
    message: `The apiserver ${at.host} refused ${call.verb} ${describe(call)} (${status.code}): ${words || "no reason given"}`,
    fix: "Change what its message names, in the Certificate or in the cluster. Values are left out here.",
  });
}

/** `secrets "www-tls" in namespace "web"` */
function describe({ kind, namespace, name }: KubernetesCall): string {
  const what = kind === undefined ? (name ?? "it") : places[kind].plural + (name === undefined ? "" : ` "${name}"`);
  if (namespace !== undefined) return `${what} in namespace "${namespace}"`;
  return kind === undefined || kind === "Namespace" ? what : `${what} in all namespaces`;
}

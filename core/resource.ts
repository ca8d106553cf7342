/** The kinds a user may write to the Requests table. */
export const kinds = ["Certificate", "CertificateRequest", "Issuer", "ClusterIssuer", "Cluster", "Bundle"] as const;
export type Kind = (typeof kinds)[number];

/** Where cluster-scoped kinds live. */
export const clusterNamespace = "_cluster";
/** Where ledgers, accounts and sealed keys live; no user can write or read it. */
export const systemNamespace = "_system";

/** Where answers to HTTP01 challenges live: all that the function which everybody may call can read. */
export const answerNamespace = "_http01";

/** The kinds that live in `_cluster`. */
export function isClusterScoped(kind: Kind): boolean {
  return kind === "ClusterIssuer" || kind === "Cluster" || kind === "Bundle";
}

/** Who works on an object of that kind: dispatch, check-issuer or sync-kubernetes. */
export function familyOf(kind: Kind): "certificate" | "issuer" | "kubernetes" {
  if (kind === "Certificate" || kind === "CertificateRequest") return "certificate";
  return kind === "Cluster" || kind === "Bundle" ? "kubernetes" : "issuer";
}

/** Names one object: both tables use `namespace` and `Kind/name` as their key. */
export interface ResourceKey {
  namespace: string;
  kind: Kind;
  name: string;
}

/** `Certificate/web`: the sort key of both tables. */
export function resourceOf(key: { kind: string; name: string }): string {
  return `${key.kind}/${key.name}`;
}

/** `web/Certificate/www`: unique in an installation; used in maps and messages. */
export function idOf(key: ResourceKey): string {
  return `${key.namespace}/${key.kind}/${key.name}`;
}

/** The key behind an id, or undefined when it is none. */
export function parseId(id: string): ResourceKey | undefined {
  const slash = id.indexOf("/");
  return slash > 0 ? parseKey(id.slice(0, slash), id.slice(slash + 1)) : undefined;
}

/** The key in a table item, or undefined when the sort key is not `Kind/name` of a known kind. */
export function parseKey(namespace: string, resource: string): ResourceKey | undefined {
  const slash = resource.indexOf("/");
  const kind = kinds.find((known) => known === resource.slice(0, slash));
  const name = resource.slice(slash + 1);
  return slash > 0 && kind && name && !name.includes("#") ? { namespace, kind, name } : undefined;
}

/** An object as its user wrote it, after parsing: cert-manager's shape. */
export interface Resource<Spec> {
  apiVersion: string;
  key: ResourceKey;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  spec: Spec;
  /** Hash of the spec as written (core/spec-hash.ts); a changed hash makes a new generation. */
  specHash: string;
}

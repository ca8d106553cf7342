import type { ClusterSpec } from "./cluster.ts";
import { type BundleUse, bundleRights } from "./rbac-bundles.ts";
import { named, type PolicyRule, sortedSet } from "./rbac-rules.ts";

/** The least rights of certwright in one cluster; in a stable order. */
export interface Rights {
  /** By Kubernetes namespace. */
  roles: { namespace: string; rules: PolicyRule[] }[];
  /** For namespaces that only their labels choose. */
  clusterRules: PolicyRule[];
}

/** Names a Secret by its Kubernetes namespace. */
export interface SecretName {
  namespace: string;
  name: string;
}

/** What a cluster is used for. */
export interface Use {
  spec: ClusterSpec;
  /** The Secrets that are mirrored to it, or will be. */
  secrets: SecretName[];
  /** Those that were, and are not wanted any more. */
  formerSecrets: SecretName[];
  bundles: BundleUse[];
}

/**
 * The rights that exactly this use needs. Secrets and ConfigMaps are made by server-side apply, for which the apiserver knows
 * the name, so that `create` is given for that name alone and a POST is refused (k8s.io/apiserver, endpoints/handlers/patch.go).
 * `GET /version` needs nothing: system:discovery gives it to everybody who is authenticated.
 */
export function rightsIn(use: Use): Rights {
  const rules = new Map<string, PolicyRule[]>();
  const add = (namespace: string, ...more: PolicyRule[]) =>
    rules.set(namespace, [...(rules.get(namespace) ?? []), ...more]);
  const canDelete = use.spec.deletionPolicy === "delete";
  const verbs = ["get", "create", "patch", ...(canDelete ? ["delete"] : [])];
  for (const [namespace, names] of byNamespace(use.secrets)) add(namespace, named("secrets", verbs, names));
  for (const [namespace, names] of byNamespace(canDelete ? formerOnly(use) : []))
    add(namespace, named("secrets", ["get", "delete"], names));
  for (const namespace of reloadedNamespaces(use)) add(namespace, reloadRule);
  const { roles, clusterRules } = bundleRights(use.spec, use.bundles);
  for (const { namespace, rules: more } of roles) add(namespace, ...more);
  return { roles: [...rules].sort(byName).map(([namespace, all]) => ({ namespace, rules: all })), clusterRules };
}

const reloadRule: PolicyRule = {
  apiGroups: ["apps"],
  resources: ["daemonsets", "deployments", "statefulsets"],
  verbs: ["list", "patch"],
};

/** Workloads are looked for only where a mirrored Secret lies. */
function reloadedNamespaces({ spec: { reload }, secrets }: Use): string[] {
  const listed = [...(reload?.namespaces ?? []), ...(reload?.annotatedIn ?? [])];
  const used = sortedSet(secrets.map(({ namespace }) => namespace));
  return listed.includes("*") ? used : used.filter((namespace) => listed.includes(namespace));
}

function formerOnly({ secrets, formerSecrets }: Use): SecretName[] {
  const wanted = new Set(secrets.map(({ namespace, name }) => `${namespace}/${name}`));
  return formerSecrets.filter(({ namespace, name }) => !wanted.has(`${namespace}/${name}`));
}

function byNamespace(secrets: SecretName[]): [namespace: string, names: string[]][] {
  const names = new Map<string, string[]>();
  for (const { namespace, name } of secrets) names.set(namespace, [...(names.get(namespace) ?? []), name]);
  return [...names];
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : Number(a > b);
}

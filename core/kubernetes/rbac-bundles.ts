import type { BundleSpec, SourceObject } from "./bundle.ts";
import type { TargetKind } from "./bundles/target-object.ts";
import type { ClusterSpec, LabelSelector } from "./cluster.ts";
import { named, type PolicyRule, rule, sortedSet } from "./rbac-rules.ts";

/** A Bundle in a cluster. */
export interface BundleUse {
  name: string;
  /** Absent when it is only to be taken out of it. */
  spec?: BundleSpec;
  /** What was written there so far, and the Kubernetes namespaces in which it may be. */
  kinds: TargetKind[];
  namespaces: string[];
}

interface Rules {
  /** A namespace maybe twice. */
  roles: { namespace: string; rules: PolicyRule[] }[];
  clusterRules: PolicyRule[];
}

const resources = { ConfigMap: "configmaps", Secret: "secrets" } as const;
const kinds = Object.keys(resources) as TargetKind[];

/** What the Bundles of a cluster need: namespaces are chosen by their labels, so that they have to be listed. */
export function bundleRights({ trustNamespace }: ClusterSpec, bundles: BundleUse[]): Rules {
  if (bundles.length === 0) return { roles: [], clusterRules: [] };
  const sources = sourceRules(bundles.flatMap(({ spec }) => spec?.sources ?? []));
  const grants = bundles.flatMap(grantsOf);
  const namespaces = sortedSet(grants.flatMap(({ namespace }) => namespace ?? []));
  return {
    roles: [
      ...(sources.length > 0 ? [{ namespace: trustNamespace, rules: sources }] : []),
      ...namespaces.map((namespace) => ({
        namespace,
        rules: grantedRules(grants.filter((grant) => grant.namespace === namespace)),
      })),
    ],
    clusterRules: [
      rule("namespaces", ["list"]),
      ...grantedRules(grants.filter(({ namespace }) => namespace === undefined)),
    ],
  };
}

/** ConfigMaps and Secrets of the trustNamespace: one by its name, or all when labels choose. */
function sourceRules(sources: BundleSpec["sources"]): PolicyRule[] {
  return kinds.flatMap((kind) => {
    const objects = sources.flatMap((source) => sourceObject(source, kind) ?? []);
    const names = objects.flatMap((source) => ("name" in source ? [source.name] : []));
    return [
      ...(names.length > 0 ? [named(resources[kind], ["get"], names)] : []),
      ...(objects.some((source) => "selector" in source) ? [rule(resources[kind], ["list"])] : []),
    ];
  });
}

function sourceObject(source: BundleSpec["sources"][number], kind: TargetKind): SourceObject | undefined {
  if (kind === "ConfigMap") return "configMap" in source ? source.configMap : undefined;
  return "secret" in source ? source.secret : undefined;
}

/** An object that is called like its Bundle, to be written or only to be taken away. */
interface Grant {
  kind: TargetKind;
  name: string;
  /** Absent: in all of them. */
  namespace?: string;
  writes: boolean;
}

function grantsOf({ name, spec, kinds: written, namespaces: held }: BundleUse): Grant[] {
  const fenced = spec ? namespacesOf(spec.target.namespaceSelector) : [];
  const scope = fenced ? sortedSet([...fenced, ...held]) : [undefined];
  return kinds.flatMap((kind) => {
    const isTarget = (kind === "ConfigMap" ? spec?.target.configMap : spec?.target.secret) !== undefined;
    if (!(isTarget || written.includes(kind))) return [];
    return scope.map((namespace) => ({
      ...{ kind, name },
      ...(namespace === undefined ? {} : { namespace }),
      writes: isTarget && (namespace === undefined || fenced?.includes(namespace) === true),
    }));
  });
}

/** Taking away may be an apply: what others have in the object stays. */
function grantedRules(grants: Grant[]): PolicyRule[] {
  return kinds.flatMap((kind) =>
    [true, false].flatMap((writes) => {
      const names = grants.filter((grant) => grant.kind === kind && grant.writes === writes).map(({ name }) => name);
      const verbs = ["get", ...(writes ? ["create"] : []), "patch", "delete"];
      return names.length > 0 ? [named(resources[kind], verbs, names)] : [];
    }),
  );
}

/** The label that every namespace has, with its own name (https://kubernetes.io/docs/reference/labels-annotations-taints/). */
const nameLabel = "kubernetes.io/metadata.name";

/** The only namespaces that a selector can choose, when it says so by their names; undefined when labels decide. */
function namespacesOf(selector: LabelSelector | undefined): string[] | undefined {
  const own = selector?.matchLabels[nameLabel];
  if (own !== undefined) return [own];
  return selector?.matchExpressions.find(({ key, operator }) => key === nameLabel && operator === "In")?.values;
}

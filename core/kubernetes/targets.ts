import { type ClusterSpec, kubernetesNamespace, type LabelSelector } from "./cluster.ts";

/** What decides where a Certificate goes; `targets` are names of Clusters and then decide alone. */
export interface Placed {
  /** certwright's. */
  namespace: string;
  labels: Record<string, string>;
  targets?: string[];
}

/** The Kubernetes namespace a Certificate goes to, or that it does not; `refused` when it was sent there all the same. */
export type Belongs =
  | { wanted: true; namespace: string }
  | { wanted: false; refused?: { reason: "NamespaceNotAllowed"; message: string; fix: string } };

/** Whether a Certificate belongs in a cluster. Only one that is sent by name is told why it may not come. */
export function belongs(cluster: { name: string; spec: ClusterSpec }, certificate: Placed): Belongs {
  const { name, spec } = cluster;
  const { namespace, targets } = certificate;
  const isSent = targets?.includes(name) ?? false;
  if (!(isSent || (targets === undefined && isSelected(spec, certificate)))) return { wanted: false };
  if (spec.allowedNamespaces && !spec.allowedNamespaces.includes(namespace)) {
    const message = `Cluster ${name} lets no Certificates of the namespace ${namespace} in`;
    return notAllowed(isSent, message, `add ${namespace} to its allowedNamespaces, or take ${name} out of the targets`);
  }
  const inCluster = kubernetesNamespace(spec, namespace);
  if (inCluster !== undefined) return { wanted: true, namespace: inCluster };
  const message = `the namespaceMap of Cluster ${name} keeps the namespace ${namespace} out`;
  return notAllowed(isSent, message, `map ${namespace} there, or take ${name} out of the targets`);
}

/** Whether labels are what a selector asks for; an empty selector asks for nothing. */
export function selectorMatches({ matchLabels, matchExpressions }: LabelSelector, labels: Record<string, string>) {
  const labelOf = (key: string) => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  return (
    Object.entries(matchLabels).every(([key, value]) => labelOf(key) === value) &&
    matchExpressions.every(({ key, operator, values }) => {
      const value = labelOf(key);
      const isOneOf = value !== undefined && values.includes(value);
      return { In: isOneOf, NotIn: !isOneOf, Exists: value !== undefined, DoesNotExist: value === undefined }[operator];
    })
  );
}

/** `app=web,tier in (a,b),!old`, as the apiserver takes it in labelSelector; "" selects all. */
export function selectorText({ matchLabels, matchExpressions }: LabelSelector): string {
  const equal = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const sets = matchExpressions.map(({ key, operator, values }) => {
    if (operator === "Exists") return key;
    if (operator === "DoesNotExist") return `!${key}`;
    return `${key} ${operator === "In" ? "in" : "notin"} (${values.join(",")})`;
  });
  return [...equal, ...sets].join(",");
}

function isSelected({ selector }: ClusterSpec, { namespace, labels }: Placed): boolean {
  if (!selector) return false;
  return (selector.namespaces?.includes(namespace) ?? true) && selectorMatches(selector, labels);
}

function notAllowed(isSent: boolean, message: string, fix: string): Belongs {
  return { wanted: false, ...(isSent && { refused: { reason: "NamespaceNotAllowed", message, fix } }) };
}

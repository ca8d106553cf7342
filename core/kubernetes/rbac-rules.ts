/** https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/role-v1/ */
export interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  /** Absent means every name; never empty, because that means every name too. */
  resourceNames?: string[];
}

/** A rule for a resource of the core group, whatever the names. */
export function rule(resource: string, verbs: string[]): PolicyRule {
  return { apiGroups: [""], resources: [resource], verbs };
}

/** A rule for some objects of a resource of the core group; at least one. */
export function named(resource: string, verbs: string[], names: string[]): PolicyRule {
  if (names.length === 0) throw new Error(`a rule for ${resource} without names would be one for all`);
  return { ...rule(resource, verbs), resourceNames: sortedSet(names) };
}

/** Each text once, in order. */
export function sortedSet(texts: string[]): string[] {
  return [...new Set(texts)].sort();
}

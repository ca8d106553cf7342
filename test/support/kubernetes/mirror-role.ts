/** The rights to Secrets of one namespace, as YAML: what a mirror with the policy delete needs, for any name. */
export function mirrorRole(namespace: string, user: string): string {
  return `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: mirror, namespace: ${namespace} }
rules: [{ apiGroups: [""], resources: [secrets], verbs: [get, create, patch, delete] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: mirror, namespace: ${namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: mirror }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: User, name: "${user}" }]
`;
}

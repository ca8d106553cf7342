import type { Rights } from "../core/kubernetes/rbac.ts";
import type { PolicyRule } from "../core/kubernetes/rbac-rules.ts";

const apiGroup = "rbac.authorization.k8s.io";
const apiVersion = `${apiGroup}/v1`;

/** Who certwright is in a cluster: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects */
export interface Subject {
  kind: "User" | "Group";
  name: string;
}

/** The rights as Kubernetes' objects, each bound to the subject: roles by namespace first, then what is of the cluster. */
export function rbacObjects(
  { roles, clusterRules }: Rights,
  { name, subject }: { name: string; subject: Subject },
): object[] {
  const bound = roles.flatMap(({ namespace, rules }) => pair("Role", { name, namespace }, rules, subject));
  return clusterRules.length === 0 ? bound : [...bound, ...pair("ClusterRole", { name }, clusterRules, subject)];
}

function pair(
  kind: "Role" | "ClusterRole",
  { name, namespace }: { name: string; namespace?: string },
  rules: PolicyRule[],
  subject: Subject,
): object[] {
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return [
    { apiVersion, kind, metadata, rules },
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup, kind, name },
      subjects: [{ apiGroup, ...subject }],
    },
  ];
}

import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesClient } from "../../../local/kubernetes/client.ts";

const group = "rbac.authorization.k8s.io";
const apiVersion = `${group}/v1`;

/**
 * Resolves once all that was done to Roles and bindings is in force. The apiserver learns of it by watching its own store,
 * each of the four kinds in its order: what we make of all four comes last.
 */
export async function rightsInForce(admin: KubernetesClient): Promise<void> {
  const mark = `mark-${randomBytes(8).toString("hex")}`;
  const grants = [
    { prefix: "", verb: "get", namespace: "default" },
    { prefix: "Cluster", verb: "delete" },
  ];
  for (const { prefix, verb, namespace } of grants) {
    const metadata = { name: mark, ...(namespace && { namespace }) };
    const rules = [{ apiGroups: [""], resources: ["configmaps"], resourceNames: [mark], verbs: [verb] }];
    await admin.apply({ apiVersion, kind: `${prefix}Role`, metadata, rules });
    const roleRef = { apiGroup: group, kind: `${prefix}Role`, name: mark };
    const subjects = [{ kind: "User", name: mark, apiGroup: group }];
    await admin.apply({ apiVersion, kind: `${prefix}RoleBinding`, metadata, roleRef, subjects });
  }
  for (const { verb, namespace } of grants) while (!(await isAllowed(admin, mark, verb, namespace))) await sleep(10);
  for (const kind of [
    "namespaces/default/rolebindings",
    "namespaces/default/roles",
    "clusterrolebindings",
    "clusterroles",
  ])
    await admin.delete(`/apis/${apiVersion}/${kind}/${mark}`);
}

async function isAllowed(admin: KubernetesClient, user: string, verb: string, namespace?: string): Promise<boolean> {
  const resourceAttributes = { verb, resource: "configmaps", name: user, ...(namespace && { namespace }) };
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: { user, resourceAttributes },
  };
  const { status } = await admin.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", review);
  return (status as { allowed: boolean }).allowed;
}

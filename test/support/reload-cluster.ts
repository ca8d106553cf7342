import { CreateSecretCommand } from "@aws-sdk/client-secrets-manager";
import type { KubernetesObject } from "../../core/kubernetes/port.ts";
import type { TestStack } from "./integration-bed.ts";
import type { Rollout } from "./kubernetes/controllers.ts";
import type { ClusterUser, TestCluster } from "./kubernetes-bed.ts";

export type WorkloadKind = Rollout["kind"];

/** What a reload needs and no more, for one Secret of one namespace. */
export function reloadRights(user: string, namespace: string, secret: string): string {
  return `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: certwright, namespace: ${namespace}}
rules:
  - {apiGroups: [""], resources: [secrets], resourceNames: [${secret}], verbs: [get, create, patch]}
  - {apiGroups: [apps], resources: [deployments, statefulsets, daemonsets], verbs: [list, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: certwright, namespace: ${namespace}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: certwright}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ${user}}]
`;
}

/** Stores a kubeconfig and asks for the Cluster. */
export async function putCluster(stack: TestStack, user: ClusterUser, name: string, spec: object): Promise<void> {
  const secret = `${name}-kubeconfig`;
  await stack.clients.secrets.send(
    new CreateSecretCommand({
      Name: `${stack.facts.instance}/_cluster/${secret}`,
      SecretString: JSON.stringify({ kubeconfig: user.kubeconfig }),
    }),
  );
  await stack.put({
    apiVersion: "certwright.dev/v1",
    kind: "Cluster",
    metadata: { name },
    spec: { auth: { kubeconfigSecretRef: { name: secret, key: "kubeconfig" } }, ...spec },
  });
}

const kinds: WorkloadKind[] = ["Deployment", "StatefulSet", "DaemonSet"];
const pods = (secretName: string) => [
  { volumes: [{ name: "tls", secret: { secretName } }] },
  { volumes: [{ name: "all", projected: { sources: [{ secret: { name: secretName } }] } }] },
  { env: [{ name: "KEY", valueFrom: { secretKeyRef: { name: secretName, key: "tls.key" } } }] },
  { envFrom: [{ secretRef: { name: secretName } }] },
];

/** `app-01` ...: workloads of all kinds in turn, each using the Secret in one of the four ways in turn. */
export async function addWorkloads(cluster: TestCluster, namespace: string, secret: string, count: number) {
  const ways = pods(secret);
  for (let index = 0; index < count; index++) {
    const name = `app-${String(index + 1).padStart(2, "0")}`;
    const kind = kinds[index % kinds.length] as WorkloadKind;
    await cluster.admin.apply(workload(kind, namespace, name, ways[index % ways.length]));
  }
}

/** A workload whose pod uses a Secret, or nothing. */
export function workload(
  kind: WorkloadKind,
  namespace: string,
  name: string,
  { volumes, ...container }: { volumes?: object[] } & Record<string, unknown> = {},
  annotations: Record<string, string> = {},
): KubernetesObject {
  const labels = { app: name };
  const containers = [{ name: "main", image: "none", ...container }];
  const template = { metadata: { labels }, spec: { containers, ...(volumes && { volumes }) } };
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace, annotations },
    spec: { selector: { matchLabels: labels }, template, ...(kind === "StatefulSet" && { serviceName: name }) },
  };
}

/** How many of these rollouts were under way at once, at most. */
export function mostAtOnce(rollouts: Rollout[]): number {
  const at = (time: number) =>
    rollouts.filter(({ startedAt, availableAt = Number.POSITIVE_INFINITY }) => startedAt <= time && time < availableAt);
  return Math.max(0, ...rollouts.map(({ startedAt }) => at(startedAt).length));
}

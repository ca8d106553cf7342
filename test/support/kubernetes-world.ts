import { openCluster } from "../../adapters/kubernetes/index.ts";
import type { ClusterAccess, Kubernetes, KubernetesObject, ObjectRef } from "../../core/kubernetes/port.ts";
import type { KubernetesClient } from "../../local/kubernetes/client.ts";
import type { KubernetesWorld } from "../contract/kubernetes/world.ts";
import type { TestCluster } from "./kubernetes-bed.ts";

let worlds = 0;

/** The contract's world on a real apiserver: users with few rights, and for each test namespaces of its own. */
export async function realWorlds(cluster: TestCluster): Promise<() => Promise<KubernetesWorld>> {
  const { admin } = cluster;
  const [suite, powerless] = await Promise.all([
    cluster.user({ name: "door-suite" }),
    cluster.user({ name: "door-nobody" }),
  ]);
  const doors = {
    kubernetes: await openDoor(suite.access),
    powerless: await openDoor(powerless.access),
    stranger: await openDoor({ ...suite.access, credentials: { token: "no-such-token" } }),
    dead: await openDoor({ ...suite.access, server: "https://127.0.0.1:1" }),
  };
  await cluster.applyYaml(rights);
  for (const name of ["door-ending", "door-full"]) await cluster.namespace(name);
  // No controller runs, so it stays so.
  await admin.delete("/api/v1/namespaces/door-ending");
  await cluster.allowSecrets("door-full", 0);
  return async () => {
    const first = `door-${++worlds}`;
    const namespaces: [string, string] = [first, `${first}-b`];
    for (const name of namespaces) await cluster.namespace(name, { labels: { suite: first } });
    const places = { namespaces, terminating: "door-ending", missing: "door-nowhere", full: "door-full" };
    return { ...doors, ...places, ...others(admin) };
  };
}

/** Our door to a cluster on this machine. */
export function openDoor(
  access: ClusterAccess,
  limits: { connectSeconds?: number; answerSeconds?: number } = {},
): Promise<Kubernetes> {
  const clock = { now: () => new Date() };
  const allowedPrivateHosts = [new URL(access.server).host];
  const options = { cluster: "real", clock, allowedPrivateHosts, userAgent: "certwright/test", ...limits };
  return openCluster(access, options);
}

function others(admin: KubernetesClient): Pick<KubernetesWorld, "create" | "edit"> {
  return {
    create: async ({ kind, ...object }: KubernetesObject, manager) => {
      const path = `${pathOf(kind, object.metadata.namespace)}?fieldManager=${manager}`;
      await admin.create(path, { kind, ...object });
    },
    edit: async ({ kind, namespace, name }: ObjectRef, change, manager) => {
      await admin.patch(`${pathOf(kind, namespace)}/${name}?fieldManager=${manager}`, change);
    },
  };
}

function pathOf(kind: string, namespace: string | undefined): string {
  const group = kind === "Deployment" ? "/apis/apps/v1" : "/api/v1";
  return `${group}/namespaces/${namespace}/${kind.toLowerCase()}s`;
}

const rights = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: door-suite }
rules:
  - { apiGroups: [""], resources: [secrets], verbs: [get, list, create, patch, delete] }
  - { apiGroups: [apps], resources: [deployments], verbs: [get, patch] }
  - { apiGroups: [""], resources: [namespaces], verbs: [list] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: door-suite }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: door-suite }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: User, name: door-suite }]
`;

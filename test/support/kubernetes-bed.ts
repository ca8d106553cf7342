import { inject } from "vitest";
import type { ClusterAccess, KubernetesObject } from "../../core/kubernetes/port.ts";
import { createKubernetesClient, kubeconfigOf } from "../../local/kubernetes/client.ts";
import type { UserWish } from "../../local/kubernetes/cluster.ts";
import type { ControlOf } from "./control.ts";
import { createControl } from "./control.ts";
import { auditedRequests } from "./kubernetes/audit.ts";
import type { ClusterFacts, kubernetesVerbs } from "./kubernetes/host.ts";
import { allowSecrets } from "./kubernetes/quota.ts";
import { rightsInForce } from "./kubernetes/rights.ts";

/** A real cluster, as tests use it. */
export type TestCluster = ReturnType<typeof openCluster>;

/** Somebody who may sign in to a cluster. */
export type ClusterUser = ReturnType<typeof userOf>;

/**
 * Three clusters that all test files of a run use: `alpha`, `beta`, `gamma`; the first who asks waits some seconds. Take
 * namespaces and users of your own names (`openBed().fresh`), and leave none of them down.
 */
export async function sharedClusters(): Promise<[TestCluster, TestCluster, TestCluster]> {
  const control = connect();
  const [alpha, beta, gamma] = (await control("shared", {})).map((facts) => openCluster(control, facts));
  if (!(alpha && beta && gamma)) throw new Error("there are not three clusters");
  return [alpha, beta, gamma];
}

/** Clusters of your own, for what would disturb others; stop them. */
export async function startClusters({ names }: { names: string[] }): Promise<TestCluster[]> {
  const control = connect();
  return (await control("start", { names })).map((facts) => openCluster(control, facts));
}

type KubernetesControl = ControlOf<typeof kubernetesVerbs>;

function connect(): KubernetesControl {
  return createControl<typeof kubernetesVerbs>(inject("kubernetesHost"));
}

function openCluster(control: KubernetesControl, { name: cluster, admin: access, auditFile }: ClusterFacts) {
  const admin = createKubernetesClient(access);
  const { server, caBundle = "" } = access;
  const requests = () => auditedRequests(auditFile, admin);
  const down = async (what: "apiserver" | "all" = "all") => void (await control("down", { cluster, what }));
  const up = async () => void (await control("up", { cluster }));
  return {
    name: cluster,
    server,
    /** PEM. */
    caBundle,
    /** May do anything; not recorded apart from others. */
    admin,
    /** A user by client certificate, without any rights yet. */
    user: async (wish: UserWish): Promise<ClusterUser> =>
      userOf(wish.name, await control("user", { cluster, ...wish })),
    /** A ServiceAccount, made when it is missing, with a new token: taken for so long, by default an hour; negative: not any more. */
    serviceAccount: async (namespace: string, name: string, { validSeconds = 3_600 } = {}): Promise<ClusterUser> => {
      const { uid = "" } = (await admin.apply(serviceAccountOf(namespace, name))).metadata;
      const { token } = await control("token", { cluster, namespace, name, uid, validSeconds });
      return userOf(`system:serviceaccount:${namespace}:${name}`, { server, caBundle, credentials: { token } });
    },
    /** The same, with the token that the apiserver's own TokenRequest gives; at least ten minutes. */
    tokenRequest: async (namespace: string, name: string, expirationSeconds = 600): Promise<ClusterUser> => {
      await admin.apply(serviceAccountOf(namespace, name));
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
      const { status } = await admin.create(path, { spec: { expirationSeconds } });
      const { token } = status as { token: string };
      return userOf(`system:serviceaccount:${namespace}:${name}`, { server, caBundle, credentials: { token } });
    },
    namespace: async (name: string, metadata: { labels?: Record<string, string> } = {}): Promise<void> =>
      void (await admin.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name, ...metadata } })),
    /** Applies all documents as the administrator; rights among them are in force then. */
    applyYaml: async (text: string): Promise<KubernetesObject[]> => {
      const applied = await admin.applyYaml(text);
      if (applied.some(({ apiVersion }) => apiVersion.startsWith("rbac."))) await rightsInForce(admin);
      return applied;
    },
    /** Resolves once what was changed or deleted in Roles and bindings is in force. */
    rightsInForce: () => rightsInForce(admin),
    /** At most so many Secrets more in the namespace. No controller runs, so one that is deleted stays counted. */
    allowSecrets: (namespace: string, more: number) => allowSecrets(admin, namespace, more),
    /** Of etcd and the apiserver. */
    pids: () => control("pids", { cluster }),
    /** Every request that was answered so far. */
    requests,
    requestsOf: async (user: string) => (await requests()).filter((request) => request.user === user),
    /** Processes end, etcd's only with `all`; ports and data stay. */
    down,
    /** What is down starts again; resolves when it is ready. */
    up,
    restart: async (what: "apiserver" | "all" = "apiserver") => {
      await down(what);
      await up();
    },
    /** The apiserver takes connections and answers nothing, until `resume`. */
    pause: async () => void (await control("pause", { cluster })),
    resume: async () => void (await control("resume", { cluster })),
    stop: async () => void (await control("stop", { cluster })),
  };
}

function userOf(name: string, access: ClusterAccess) {
  return { name, access, client: createKubernetesClient(access), kubeconfig: kubeconfigOf(access) };
}

function serviceAccountOf(namespace: string, name: string): KubernetesObject {
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } };
}

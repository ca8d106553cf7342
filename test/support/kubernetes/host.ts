import { join } from "node:path";
import type { ClusterAccess } from "../../../core/kubernetes/port.ts";
import { listenFor } from "../../../local/control.ts";
import type { LocalCluster, UserWish } from "../../../local/kubernetes/cluster.ts";
import { startCluster } from "../../../local/kubernetes/cluster.ts";

/** What a test process needs to know of a cluster that runs in another one. */
export interface ClusterFacts {
  name: string;
  admin: ClusterAccess;
  auditFile: string;
}

/** The clusters of a run of the tests. Test files come and go; this lives where they all can ask it. */
export interface KubernetesHost {
  url: string;
  stop(): Promise<void>;
}

interface Clusters {
  named: Map<string, LocalCluster>;
  /** Started when the first test asks. */
  shared?: Promise<ClusterFacts[]> | undefined;
  start(name: string): Promise<LocalCluster>;
}

interface One {
  cluster: string;
}

/** What may be asked of it. */
export const kubernetesVerbs = {
  /** Three that all test files use. */
  shared: (clusters: Clusters) => {
    clusters.shared ??= startAll(clusters, ["alpha", "beta", "gamma"]);
    clusters.shared.catch(() => {
      clusters.shared = undefined;
    });
    return clusters.shared;
  },
  start: (clusters: Clusters, { names }: { names: string[] }) => startAll(clusters, names),
  stop: async (clusters: Clusters, { cluster }: One) => {
    await find(clusters, cluster).stop();
    clusters.named.delete(cluster);
  },
  down: (clusters: Clusters, { cluster, what }: One & { what: "apiserver" | "all" }) =>
    find(clusters, cluster).down(what),
  up: (clusters: Clusters, { cluster }: One) => find(clusters, cluster).up(),
  pause: (clusters: Clusters, { cluster }: One) => find(clusters, cluster).pause(),
  resume: (clusters: Clusters, { cluster }: One) => find(clusters, cluster).resume(),
  pids: (clusters: Clusters, { cluster }: One) => find(clusters, cluster).pids(),
  user: (clusters: Clusters, { cluster, ...wish }: One & UserWish) => find(clusters, cluster).user(wish),
  token: (clusters: Clusters, { cluster, ...of }: One & Parameters<LocalCluster["token"]>[0]) => ({
    token: find(clusters, cluster).token(of),
  }),
} as const;

/** Listens for the verbs on a free loopback port; logs go into that folder of a run. */
export async function startKubernetesHost(logs: string): Promise<KubernetesHost> {
  let started = 0;
  const named: Clusters["named"] = new Map();
  const start = (name: string) => {
    started += 1;
    return startCluster(name, { logs, folder: join(logs, "tmp", "kubernetes", `${name}-${started}`) });
  };
  const { port, close } = await listenFor(kubernetesVerbs, { named, start });
  const stop = async () => {
    await close();
    await Promise.all([...named.values()].map((cluster) => cluster.stop()));
  };
  return { url: `http://127.0.0.1:${port}`, stop };
}

async function startAll({ named, start }: Clusters, names: string[]): Promise<ClusterFacts[]> {
  const taken = names.find((name) => named.has(name));
  if (taken) throw new Error(`a cluster ${taken} runs already`);
  const results = await Promise.allSettled(
    names.map(async (name) => {
      const cluster = await start(name);
      named.set(name, cluster);
      return { name, admin: cluster.admin, auditFile: cluster.auditFile };
    }),
  );
  const failed = results.find((result) => result.status === "rejected");
  if (!failed) return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  for (const name of names) {
    await named.get(name)?.stop();
    named.delete(name);
  }
  throw failed.reason;
}

function find({ named }: Clusters, name: string): LocalCluster {
  const found = named.get(name);
  if (!found) throw new Error(`there is no cluster ${name}`);
  return found;
}

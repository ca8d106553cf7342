import { concurrently } from "../concurrently.ts";
import type { Deps } from "../deps.ts";
import type { StoredRequest } from "../ports.ts";
import { idOf, type ResourceKey } from "../resource.ts";
import { checkBundle } from "./bundles/check-bundle.ts";
import type { ClusterSpec } from "./cluster.ts";
import { planCluster } from "./plan-cluster.ts";
import type { CertificateRef, SyncOrder } from "./state.ts";
import { wakeClusters, wakeMirrors } from "./wake.ts";
import { wishOf } from "./wish.ts";

/** Finds what an order concerns, makes that due, and answers the names of the Clusters to work on. */
export async function plan(deps: Deps, order: SyncOrder): Promise<string[]> {
  if ("certificates" in order) return planCertificates(deps, order.certificates);
  const { key, replan = false } = order;
  if (key.kind === "Cluster") return (await planCluster(deps, key, replan)) ? [key.name] : [];
  if (key.kind !== "Bundle") return [];
  await checkBundle(deps, key);
  const clusters = (await deps.state.clusters()).map((row) => row.key.name);
  await wakeClusters(deps, clusters);
  return clusters;
}

const atOnce = 10;

/** Where they belong, and where something of them may be. */
async function planCertificates(deps: Deps, certificates: CertificateRef[]): Promise<string[]> {
  const rows = await deps.state.clusters();
  const clusters = rows.flatMap(({ key, spec, deletedAt }) =>
    spec && deletedAt === undefined ? [{ name: key.name, spec }] : [],
  );
  if (clusters.length === 0) return [];
  const keys = certificates.map((one): ResourceKey => ({ ...one, kind: "Certificate" }));
  const requests = await deps.requests.getMany(keys);
  const perCertificate = await concurrently(atOnce, keys, (key) =>
    clustersOf(deps, key, requests.get(idOf(key)), clusters),
  );
  const mirrors = perCertificate.flat();
  await wakeMirrors(deps, mirrors);
  return [...new Set(mirrors.map(({ cluster }) => cluster))];
}

async function clustersOf(
  { state }: Deps,
  key: ResourceKey,
  request: StoredRequest | undefined,
  clusters: { name: string; spec: ClusterSpec }[],
): Promise<{ cluster: string; certificate: CertificateRef }[]> {
  const { namespace, name } = key;
  const [row, targets] = await Promise.all([state.certificate(key), state.targetsOf({ namespace, name })]);
  const isThere = new Set(targets.map(({ cluster }) => cluster));
  return clusters
    .filter((cluster) => {
      const wish = wishOf(cluster, { namespace, name }, { request, row });
      const isFor = wish.is === "wanted" || wish.is === "refused" || (wish.is === "undecided" && wish.isUnderWay);
      return isFor || isThere.has(cluster.name);
    })
    .map((cluster) => ({ cluster: cluster.name, certificate: { namespace, name } }));
}

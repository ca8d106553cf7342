import { concurrently } from "../concurrently.ts";
import type { Deps } from "../deps.ts";
import { idOf, type ResourceKey } from "../resource.ts";
import { checkBundle } from "./bundles/check-bundle.ts";
import type { ClusterSpec } from "./cluster.ts";
import { planCluster } from "./plan-cluster.ts";
import type { CertificateRef, SyncOrder } from "./state.ts";
import { wakeClusters, wakeMirrors } from "./wake.ts";
import { type Known, wishOf } from "./wish.ts";

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
  const clusters = (await deps.state.clusters()).flatMap(({ key, spec, deletedAt }) =>
    spec && deletedAt === undefined ? [{ name: key.name, spec }] : [],
  );
  if (clusters.length === 0) return [];
  const keys = certificates.map((one): ResourceKey => ({ ...one, kind: "Certificate" }));
  const [requests, rows] = await Promise.all([deps.requests.getMany(keys), deps.state.certificates(keys)]);
  const perCertificate = await concurrently(atOnce, keys, async (key) => {
    const known = { request: requests.get(idOf(key)), row: rows.get(idOf(key)) };
    const certificate = { namespace: key.namespace, name: key.name };
    const names = await namesFor(deps, certificate, known, clusters);
    return names.map((cluster) => ({ cluster, certificate }));
  });
  const mirrors = perCertificate.flat();
  await wakeMirrors(deps, mirrors);
  return [...new Set(mirrors.map(({ cluster }) => cluster))];
}

async function namesFor(
  { state }: Deps,
  certificate: CertificateRef,
  known: Known,
  clusters: { name: string; spec: ClusterSpec }[],
): Promise<string[]> {
  const others: string[] = [];
  const wished: string[] = [];
  for (const cluster of clusters) {
    const wish = wishOf(cluster, certificate, known);
    const isFor = wish.is === "wanted" || wish.is === "refused" || (wish.is === "undecided" && wish.isUnderWay);
    (isFor ? wished : others).push(cluster.name);
  }
  if (others.length === 0) return wished;
  const isThere = new Set((await state.targetsOf(certificate)).map(({ cluster }) => cluster));
  return [...wished, ...others.filter((name) => isThere.has(name))];
}

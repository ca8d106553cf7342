import { concurrently } from "../concurrently.ts";
import type { Deps } from "../deps.ts";
import type { StoredRequest } from "../ports.ts";
import { idOf } from "../resource.ts";
import type { ClusterSpec } from "./cluster.ts";
import type { ClusterRow, MirrorRow } from "./rows.ts";
import { idOfCertificate } from "./run.ts";
import type { CertificateRef } from "./state.ts";
import { type Wish, wishOf } from "./wish.ts";

const atOnce = 20;

/**
 * Compares all Certificates with the mirrors of a cluster and makes those due that are not as they should be: the replay for
 * every lost event. `everything`: what waits for a retry, too. Answers how many.
 */
export async function replanCluster(deps: Deps, row: ClusterRow, everything: boolean): Promise<number> {
  const cluster = { name: row.key.name, spec: row.spec as ClusterSpec };
  const { mirrors } = await deps.state.clusterRows(cluster.name);
  const unseen = new Map(mirrors.map((mirror) => [idOfCertificate(mirror.certificate), mirror]));
  const woken: CertificateRef[] = [];
  for await (const { requests } of deps.requests.scan()) {
    const certificates = requests.filter(({ key }) => key.kind === "Certificate");
    const mirrorOf = ({ key }: StoredRequest) => unseen.get(idOfCertificate(key));
    const here = certificates.filter((one) => mirrorOf(one) ?? isForIt(cluster, one));
    const rows = await deps.state.certificates(
      here.map(({ key }) => key),
      { eventual: true },
    );
    for (const request of here) {
      const { namespace, name } = request.key;
      const mirror = mirrorOf(request);
      const wish = wishOf(cluster, { namespace, name }, { request, row: rows.get(idOf(request.key)) }, mirror);
      if (mustLook(wish, mirror, everything)) woken.push({ namespace, name });
    }
    for (const { key } of certificates) unseen.delete(idOfCertificate(key));
  }
  // Their requests are gone.
  for (const { certificate } of unseen.values()) woken.push(certificate);
  await concurrently(atOnce, woken, (one) => deps.state.wakeMirror(cluster.name, one, deps.clock.now()));
  return woken.length;
}

/** As far as the request alone can tell. */
function isForIt(cluster: { name: string; spec: ClusterSpec }, request: StoredRequest): boolean {
  return wishOf(cluster, request.key, { request, row: undefined }).is !== "unwanted";
}

function mustLook(wish: Wish, mirror: MirrorRow | undefined, everything: boolean): boolean {
  if (mirror?.dueAt !== undefined) return everything;
  if (wish.is === "undecided") return false;
  if (wish.is === "unwanted") return mirror !== undefined;
  if (wish.is === "refused") return mirror?.synced?.reason !== wish.reason;
  const { written } = mirror ?? {};
  const isThere = written?.namespace === wish.at.namespace && written.name === wish.at.name;
  return !isThere || written.fingerprint !== wish.issued.fingerprint;
}

import { concurrently } from "../concurrently.ts";
import type { Deps } from "../deps.ts";
import { clusterKey } from "./lease.ts";
import type { CertificateRef } from "./state.ts";

const atOnce = 10;

/** Makes mirrors due, and then their clusters: who works there now looks again before it ends. */
export async function wakeMirrors(
  deps: Deps,
  mirrors: { cluster: string; certificate: CertificateRef }[],
): Promise<void> {
  const now = deps.clock.now();
  await concurrently(atOnce, mirrors, ({ cluster, certificate }) => deps.state.wakeMirror(cluster, certificate, now));
  await wakeClusters(deps, [...new Set(mirrors.map(({ cluster }) => cluster))]);
}

/**
 * Makes clusters due, and whoever works on one look again. One that rests until its next try is left alone: all that is due
 * will be read then.
 */
export async function wakeClusters({ state, clock }: Pick<Deps, "state" | "clock">, names: string[]): Promise<void> {
  await concurrently(atOnce, names, async (name) => {
    const row = await state.cluster(clusterKey(name));
    const now = clock.now();
    const isHeld = row?.lease !== undefined && row.lease.until > now.getTime();
    if (row && (isHeld || (row.retryAt ?? 0) <= now.getTime())) await state.wakeCluster(name, now);
  });
}

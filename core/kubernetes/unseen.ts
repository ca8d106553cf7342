import { concurrently } from "../concurrently.ts";
import type { Deps } from "../deps.ts";
import { dueMirrors } from "./agenda.ts";
import type { Failure } from "./failure.ts";
import { targetOf, unseen } from "./mirror-row.ts";
import type { MirrorRow } from "./rows.ts";
import { idOfCertificate, type Partition } from "./run.ts";

const atOnce = 10;
/** From then on the pause is always the same, and each further try is not worth a row per Certificate. */
const mostToldTries = 4;

/**
 * Tells the owners of what is due that the cluster does not answer, and when it is tried next. No event for each: the Cluster
 * has one. The rows stay due, and it is no failure of theirs.
 */
export async function tellUnseen({ state, clock }: Deps, partition: Partition, failure: Failure): Promise<void> {
  const now = clock.now();
  await concurrently(atOnce, dueMirrors(partition, now.getTime()), async (before) => {
    const after = unseen(before, failure, now);
    const isNews = before.synced?.reason !== failure.reason;
    if (isNews || failure.failures <= mostToldTries) await tell(after);
    if (!isNews || (await state.putMirror(after)) === "conflict") return;
    partition.mirrors.set(idOfCertificate(after.certificate), { ...after, version: after.version + 1 });
  });

  async function tell(after: MirrorRow): Promise<void> {
    const target = targetOf(after, partition.reloads.get(idOfCertificate(after.certificate)));
    const isKnown = failure.failures < mostToldTries;
    if (target) await state.putTarget({ ...target, ...(isKnown ? { nextTryAt: failure.retryAt } : {}) });
  }
}

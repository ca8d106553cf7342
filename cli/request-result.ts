import type { ResourceKey } from "../core/resource.ts";
import { Failure } from "./failure.ts";
import { printedKey } from "./kinds.ts";
import { findObject, isDecided, withResults } from "./objects.ts";
import type { Installation } from "./verb.ts";

const pollMs = 1_000;
/** How long the row of a deleted one of the same name may take to be forgotten. */
const forgottenMs = 30_000;

/**
 * Throws Failure when there is a CertificateRequest of that key. What was deleted a moment ago must be forgotten first: the new one
 * would look like a change of it.
 */
export async function mustBeFree({ requests, state, clock, sleep }: Installation, key: ResourceKey): Promise<void> {
  if (await requests.get(key))
    throw new Failure(`${printedKey(key)} already exists`, "Delete it, or choose another name.");
  const since = clock.now().getTime();
  for (;;) {
    const row = await state.certificate(key);
    if (row === undefined || row.deletedAt !== undefined) return;
    if (clock.now().getTime() - since >= forgottenMs)
      throw new Failure(`${printedKey(key)} of before is still being forgotten`, "Try again in a minute.");
    await sleep(pollMs);
  }
}

/** The certificate that came for a CertificateRequest, with its chain, PEM. Throws Failure when it failed, or did not come in time. */
export async function awaitResult(installation: Installation, key: ResourceKey, timeoutMs: number): Promise<string> {
  const { clock, sleep } = installation;
  const since = clock.now().getTime();
  for (;;) {
    const { chain, failed, now } = await look(installation, key);
    if (chain !== undefined) return chain;
    if (failed) throw new Failure(`${printedKey(key)} failed: ${now}`);
    if (clock.now().getTime() - since >= timeoutMs)
      throw new Failure(
        `error when waiting for CertificateRequest to be signed: timed out: ${now}`,
        `See certwright describe ${printedKey(key)} -n ${key.namespace}.`,
      );
    await sleep(pollMs);
  }
}

async function look(
  installation: Installation,
  key: ResourceKey,
): Promise<{ chain?: string | undefined; failed: boolean; now: string }> {
  const seen = await findObject(installation, key);
  const row = seen && isDecided(seen) ? seen.certificate : undefined;
  if (!seen || !row) return { failed: false, now: "it was not decided on yet" };
  const [whole] = row.own?.signed ? await withResults(installation, [seen]) : [];
  const { status, message } = row.issuing ?? row.ready;
  const now = `${row.ready.reason}: ${status === "True" ? "under way" : message}`;
  return { chain: whole?.result?.chain, failed: row.own?.failureTime !== undefined, now };
}

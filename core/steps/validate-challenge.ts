import type { AcmeIssuer, Order } from "../acme-port.ts";
import type { Challenge } from "../challenge.ts";
import { RefusedError } from "../errors.ts";
import { done, type Outcome } from "../outcome.ts";
import { idOf } from "../resource.ts";
import { challengeTypes } from "../solver.ts";
import { areOfAccountKey } from "./account-key-mark.ts";
import { nextPoll } from "./poll.ts";
import { release } from "./settle.ts";
import type { Work } from "./work.ts";

/**
 * Tells the CA to validate, once under each lease, then asks for the order until it is ready (RFC 8555 7.5.1, 7.1.6).
 * One request per round, however many names.
 */
export async function validateChallenge(work: Work): Promise<Outcome> {
  const { row, leaseId } = work;
  if (row.answeredUnder === leaseId) return verdict(work, await work.acme.open(), await order(work));
  const open = row.answeredUnder === undefined ? await known(work) : await left(work);
  if (!Array.isArray(open)) return open;
  if (open.length === 0) return done;
  const acme = await work.acme.open();
  for (const challenge of open) await acme.answer(challenge);
  row.answeredUnder = leaseId;
  return { waitUntil: nextPoll(work, undefined) };
}

/** The challenges as Create order found them: nobody answered them yet. */
async function known(work: Work): Promise<Challenge[] | Outcome> {
  const item = await work.reads.challenges(work.ref);
  return item && !areOfAccountKey(work, item) ? keyRotated(work) : (item?.challenges ?? []);
}

/** Their records prove nothing any more: the attempt goes on from the start, at once, with the same order. No failure. */
async function keyRotated(work: Work): Promise<Outcome> {
  const { deps, key, ref } = work;
  const now = deps.clock.now();
  await release(deps, work, now);
  const message = "the account got a new key after the challenges were published: they are published again";
  const event = { type: "Normal", reason: "AccountKeyRotated", message, attemptId: ref.attemptId } as const;
  await deps.state
    .addEvent({ key, at: now.getTime(), ...event })
    .catch((error) => deps.log({ event: "untold", certificate: idOf(key), error: String(error) }));
  return { ended: true };
}

/** Answered under another lease: what the CA still waits for, or its verdict. */
async function left(work: Work): Promise<Challenge[] | Outcome> {
  const acme = await work.acme.open();
  const found = await order(work);
  if (found.status !== "pending") return verdict(work, acme, found);
  const offered = await acme.challenges(found, challengeTypes);
  const chosen = (await stored(work)).map(({ challengeUrl }) => challengeUrl);
  return offered.filter(({ challengeUrl }) => chosen.includes(challengeUrl));
}

async function stored({ reads, ref }: Work): Promise<Challenge[]> {
  return (await reads.challenges(ref))?.challenges ?? [];
}

async function order(work: Work): Promise<Order> {
  const acme = await work.acme.open();
  const found = work.row.orderUrl === undefined ? undefined : await acme.readOrder(work.row.orderUrl);
  if (found) return found;
  throw new RefusedError({
    reason: "OrderGone",
    message: "the CA does not know the order any more",
    endsAttempt: true,
  });
}

async function verdict(work: Work, acme: AcmeIssuer, found: Order): Promise<Outcome> {
  if (found.status === "pending") return { waitUntil: nextPoll(work, found.retryAt) };
  if (found.status !== "invalid") return done;
  const types = new Set((await stored(work)).map(({ type }) => type));
  throw new RefusedError({
    reason: "ChallengeRefused",
    message: await acme.refusals(found),
    fix: fixes[types.has("http-01") ? "overHttp" : "overDns"],
    endsAttempt: true,
  });
}

const fixes = {
  overDns: "check that the zone is delegated to the name servers of this hosted zone and that CAA allows the CA",
  overHttp:
    "check that http://<name>/.well-known/acme-challenge/ leads here from everywhere, over IPv6 too, and that CAA allows the CA",
};

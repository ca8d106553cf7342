import type { Strike } from "./calls.ts";
import { awayCalls, type FaultKind, pauses } from "./faults.ts";

/** What a fault excuses, and why. All else is wrong whatever happened. */

/** Its answer was lost, or whoever asked died before he wrote it down. */
export function mayOrderAgain(strike: Strike): boolean {
  const { by, port, method } = strike.call;
  const unwritten = by === "CreateOrder" && ["createOrder", "attempts", "putAttempt"].includes(method);
  const stateAway = port === "state" && awayCalls[strike.fault.kind] !== undefined;
  return unwritten || stateAway || isOvertaken(strike);
}

/**
 * A known gap: of two invocations under one lease, the slower one writes its older draft of the attempt over the other's, so
 * that the order of the other is forgotten. Only a version in the attempt's row would tell.
 */
export function isOvertaken({ fault, call }: Strike): boolean {
  return pauses[fault.kind] !== undefined && ["Prepare", "CreateOrder"].includes(call.by);
}

/** A key that is sealed after its attempt has ended is left to State's time to live. */
export function sealsLate({ fault, call }: Strike): boolean {
  return pauses[fault.kind] !== undefined && call.by === "Prepare";
}

/** Tokens that State lost, or a dead Lambda had in its hands, come back by themselves. */
export function mayLose({ fault, call }: Strike): boolean {
  return call.port === "state" || /^(kill|pause|zombie|twin)/.test(fault.kind) || call.by === "stream";
}

/** A repeat of this write cannot be told from another's. */
export function isDoubled({ fault, call }: Strike): boolean {
  return fault.kind === "twice" && call.method === "putBuckets";
}

const patience: Partial<Record<FaultKind, number>> = { away: 15, "long-away": 300, throttle: 15 };

/** From the fault to Ready: the lease, the slot, the backoff. */
export function mostMinutes({ fault: { kind }, call }: Strike): number {
  // A hint that the stream could not deliver waits for the resync.
  const lost = kind === "long-away" && call.by === "stream" ? 1_200 : 0;
  return lost + (patience[kind] ?? 5) + (pauses[kind] ? 25 : 0) + (kind.startsWith("kill") ? 17 : 0);
}

/** A call for one attempt, and a fault that leaves the Lambda alive: nobody else's business. */
export function spares({ fault, call }: Strike): boolean {
  const mine = ["keys", "sealer", "secretsManager", "acme"].includes(call.port) && call.method !== "open";
  const single =
    /^(put(Certificate|Attempt|Csr|Chain|SealedKey|Challenges)|(create|lease)Attempt|claim.*|secretClaim)$/;
  const alive = ["fail", "lost", "twice", "throttle", "bug", "refuse"].includes(fault.kind);
  return alive && (mine || (call.port === "state" && single.test(call.method)));
}

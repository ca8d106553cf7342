import { RateLimitedError, RefusedError, UnavailableError } from "../../core/errors.ts";
import type { PortCall } from "./faulty-deps.ts";

/** What can happen at one call. */
export type FaultKind =
  /** Unavailable, before or after the effect. */
  | "fail"
  | "lost"
  /** The SDK repeats a call whose reply was lost: the second answer counts. */
  | "twice"
  /** This and the next calls of the same port are unavailable. */
  | "away"
  | "long-away"
  | "throttle"
  | "bug"
  | "refuse"
  /** The Lambda dies. */
  | "kill-before"
  | "kill-after"
  /** The Lambda stands still for twenty minutes, and whoever waits for it with it. */
  | "pause"
  /** The same, but Step Functions gives up on it after its time-out and repeats the task. */
  | "zombie"
  /** Its caller loses sight of it at once and calls again, while the first one is only slow. */
  | "twin"
  /** No fault: what the scenario injects happens just before this call. */
  | "inject";

export interface Fault {
  kind: FaultKind;
  /** The number of the call, from 1. */
  at: number;
}

/** How many calls of the port fail. */
export const awayCalls: Partial<Record<FaultKind, number>> = { away: 4, "long-away": 12 };

/** How long an invocation stands still, and when its caller notices; never: the caller waits for it. */
export const pauses: Partial<Record<FaultKind, { ms: number; seenAfterMs: number }>> = {
  pause: { ms: 20 * 60_000, seenAfterMs: Number.POSITIVE_INFINITY },
  zombie: { ms: 20 * 60_000, seenAfterMs: 330_000 },
  twin: { ms: 90_000, seenAfterMs: 0 },
};

/** The faults that make a difference at this call. */
export function faultsAt(call: PortCall, firstOfInvocation: boolean): FaultKind[] {
  const always: FaultKind[] = ["fail", "away", "throttle", "bug", "refuse", "long-away"];
  // A death before a call is the one after the call before it, and reads leave nothing to be found.
  const before: FaultKind[] = firstOfInvocation ? ["kill-before"] : [];
  const writes: FaultKind[] = call.writes
    ? ["lost", "twice", "kill-before", "kill-after", "pause", "zombie", "twin"]
    : [];
  const once = call.port === "acme" ? writes.filter((kind) => kind !== "twice") : writes;
  return [...new Set([...always, ...before, ...once])];
}

export function unavailable({ port, method }: PortCall): Error {
  return new UnavailableError({ reason: "TestUnavailable", message: `${port}.${method} is away` });
}

export function throttled({ port, method }: PortCall, now: Date): Error {
  const retryAt = new Date(now.getTime() + 10 * 60_000);
  return new RateLimitedError({ reason: "TestThrottled", message: `${port}.${method} is throttled`, retryAt });
}

export function refused({ port, method }: PortCall): Error {
  return new RefusedError({ reason: "TestRefused", message: `${port}.${method} is refused` });
}

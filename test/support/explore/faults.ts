import { RateLimitedError, RefusedError, UnavailableError } from "../../../core/errors.ts";
import type { PortCall } from "./faulty-deps.ts";

/** What can happen at one call. */
export type FaultKind =
  /** Unavailable, before or after the effect. */
  | "fail"
  | "lost"
  /** The SDK repeats a call whose reply was lost: the second answer counts. */
  | "twice"
  /** This and the next calls of the same port are unavailable: for one task and its repeats, for some executions. */
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

/** One thing that goes wrong. */
export interface Fault {
  kind: FaultKind;
  /** The number of the call, from 1. */
  at: number;
}

/** How many calls of the port fail. */
export const awayCalls: Partial<Record<FaultKind, number>> = { away: 4, "long-away": 12 };

/** An invocation that stands still. */
export interface Pause {
  ms: number;
  /** When its caller gives it up; infinite: the caller waits for it. */
  seenAfterMs: number;
}

/** The kinds that stand still. */
export const pauses: Partial<Record<FaultKind, Pause>> = {
  pause: { ms: 20 * 60_000, seenAfterMs: Number.POSITIVE_INFINITY },
  zombie: { ms: 20 * 60_000, seenAfterMs: 330_000 },
  twin: { ms: 90_000, seenAfterMs: 0 },
};

const everywhere: FaultKind[] = ["fail", "away", "long-away", "throttle", "bug", "refuse"];
const atWrites: FaultKind[] = ["lost", "twice", "kill-before", "kill-after", "pause", "zombie", "twin"];

/** All but injections. */
export const everyKind: FaultKind[] = [...everywhere, ...atWrites];

/**
 * The faults that make a difference at this call. A death before a call is the one after the call before it, and a read
 * leaves nothing that a death after it could leave behind. No client of a CA repeats a newOrder by itself.
 */
export function faultsAt(call: PortCall, firstOfInvocation: boolean): FaultKind[] {
  const writes = call.port === "acme" ? atWrites.filter((kind) => kind !== "twice") : atWrites;
  const deaths: FaultKind[] = firstOfInvocation ? ["kill-before"] : [];
  return [...new Set([...everywhere, ...deaths, ...(call.writes ? writes : [])])];
}

/** What a port throws; undefined for faults that are none of its words. */
export function errorOf(kind: FaultKind, { port, method }: PortCall, now: Date): Error | undefined {
  const what = `${port}.${method}`;
  switch (kind) {
    case "fail":
    case "lost":
    case "away":
    case "long-away":
      return new UnavailableError({ reason: "TestUnavailable", message: `${what} is away` });
    case "throttle": {
      const retryAt = new Date(now.getTime() + 10 * 60_000);
      return new RateLimitedError({ reason: "TestThrottled", message: `${what} is throttled`, retryAt });
    }
    case "refuse":
      return new RefusedError({ reason: "TestRefused", message: `${what} is refused` });
    case "bug":
      return new TypeError(`${what}: a bug`);
    default:
      return undefined;
  }
}

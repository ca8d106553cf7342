import type { Clock } from "../ports.ts";
import type { ClusterRow } from "./rows.ts";

/** The requests that may be sent to one apiserver: a token bucket that holds one second's worth. */
export interface Budget {
  /** Resolves when one request may be sent. Who comes later waits behind. */
  take(): Promise<void>;
  /** Requests that were sent without asking (the further pages of a list): whoever comes next waits for them. */
  charge(count: number): void;
  /** To be kept in the Cluster's row. */
  left(): NonNullable<ClusterRow["budget"]>;
}

interface World {
  clock: Clock;
  pause(ms: number): Promise<void>;
}

/** Opens the bucket as it was left. Tokens may be owed: every taker reserves his own and waits until it is there. */
export function openBudget(before: ClusterRow["budget"], requestsPerSecond: number, { clock, pause }: World): Budget {
  let state = before ?? { tokens: requestsPerSecond, at: clock.now().getTime() };
  const spend = (count: number): number => {
    const at = Math.max(clock.now().getTime(), state.at);
    const refilled = state.tokens + ((at - state.at) / 1_000) * requestsPerSecond;
    state = { tokens: Math.min(refilled, requestsPerSecond) - count, at };
    return state.tokens;
  };
  return {
    take: async () => {
      const tokens = spend(1);
      if (tokens < 0) await pause(Math.ceil((-tokens / requestsPerSecond) * 1_000));
    },
    charge: (count) => void spend(count),
    left: () => state,
  };
}

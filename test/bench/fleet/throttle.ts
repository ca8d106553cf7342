import type { FleetClock } from "./clock.ts";

/** A token bucket that somebody else enforces: so many at once, so many a second. */
export interface Throttle {
  /** Takes one, or says that it was refused. */
  take(): boolean;
  /** Takes so many as soon as they are there, in the order of asking; answers the ms until then. */
  queue(count: number): number;
  left(): number;
}

/** The local stack has no limits. */
export const unlimited = { burst: Number.MAX_SAFE_INTEGER, perSecond: 1 };

/** A full bucket. */
export function throttle(clock: Pick<FleetClock, "at">, limit: { burst: number; perSecond: number }): Throttle {
  let tokens = limit.burst;
  let at = clock.at();
  const refill = () => {
    const now = clock.at();
    tokens = Math.min(limit.burst, tokens + ((now - at) / 1_000) * limit.perSecond);
    at = now;
  };
  return {
    take: () => {
      refill();
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
    queue: (count) => {
      refill();
      tokens -= count;
      return tokens >= 0 ? 0 : Math.ceil((-tokens / limit.perSecond) * 1_000);
    },
    left: () => {
      refill();
      return tokens;
    },
  };
}

/** How the SDKs repeat what was throttled: three attempts, half a second doubling, full jitter (standard retry mode). */
const attempts = 3;
const baseMs = 500;

/** Runs a call behind a bucket as an SDK does; throws `refusal` after the last attempt. `refused` counts each time. */
export async function retrying<Out>(
  world: { clock: FleetClock; fraction(): number; refused(): void },
  allowed: () => boolean,
  call: () => Promise<Out>,
  refusal: () => Error,
): Promise<Out> {
  for (let attempt = 1; !allowed(); attempt += 1) {
    world.refused();
    if (attempt >= attempts) throw refusal();
    await world.clock.sleep(world.fraction() * baseMs * 2 ** (attempt - 1));
  }
  return call();
}

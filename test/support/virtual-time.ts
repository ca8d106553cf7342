import { setImmediate } from "node:timers/promises";

/** A clock that tests move. Work in progress holds it; a wait lets go until its instant. */
export interface VirtualTime {
  now(): Date;
  waitUntil(time: Date): Promise<void>;
  /** Runs something that holds the clock until it waits or ends. */
  spawn(run: () => Promise<unknown>): void;
  /** Lets time pass until `end`, doing what falls due; throws the first error of anything spawned. */
  runUntil(end: Date): Promise<void>;
  /** Lets time pass until the condition holds; throws after `limitMs`. */
  runUntilTrue(holds: () => Promise<boolean> | boolean, limitMs?: number): Promise<void>;
}

export function virtualTime(start: Date): VirtualTime {
  let now = start.getTime();
  let busy = 0;
  const sleepers: { at: number; wake: () => void }[] = [];
  const errors: unknown[] = [];

  const settle = async () => {
    let quiet = 0;
    while (quiet < 3) {
      await setImmediate();
      quiet = busy === 0 ? quiet + 1 : 0;
    }
    if (errors.length > 0) throw errors[0];
  };
  const wakeNext = (limit: number): boolean => {
    sleepers.sort((a, b) => a.at - b.at);
    const next = sleepers[0];
    if (!next || next.at > limit) return false;
    sleepers.shift();
    now = Math.max(now, next.at);
    busy += 1;
    next.wake();
    return true;
  };
  const time: VirtualTime = {
    now: () => new Date(now),
    waitUntil: (at) => {
      busy -= 1;
      return new Promise((wake) => {
        sleepers.push({ at: at.getTime(), wake });
      });
    },
    spawn: (run) => {
      busy += 1;
      setImmediate()
        .then(run)
        .catch((error: unknown) => errors.push(error))
        .finally(() => {
          busy -= 1;
        });
    },
    runUntil: async (end) => {
      await settle();
      while (wakeNext(end.getTime())) await settle();
      now = Math.max(now, end.getTime());
    },
    runUntilTrue: async (holds, limitMs = 3_600_000) => {
      const limit = now + limitMs;
      await settle();
      while (!(await holds())) {
        if (!wakeNext(limit)) throw new Error(`not true within ${limitMs / 1_000} s of virtual time`);
        await settle();
      }
    },
  };
  return time;
}

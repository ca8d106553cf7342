import { setImmediate } from "node:timers/promises";

/** A clock that stands still but for pauses; of several pauses at once the earliest end comes first. */
export interface LoneClock {
  now(): Date;
  pause(ms: number): Promise<void>;
  advance(ms: number): void;
  /** Runs something to its end, letting time pass whenever all of it pauses. */
  run<Out>(work: () => Promise<Out>): Promise<Out>;
}

/** For work that waits for nothing but pauses and promises. */
export function loneClock(start: Date): LoneClock {
  let now = start.getTime();
  const sleepers: { at: number; wake: () => void }[] = [];
  const wakeNext = () => {
    sleepers.sort((a, b) => a.at - b.at);
    const next = sleepers.shift();
    if (!next) return;
    now = Math.max(now, next.at);
    next.wake();
  };
  return {
    now: () => new Date(now),
    pause: (ms) => new Promise((wake) => void sleepers.push({ at: now + ms, wake })),
    advance: (ms) => {
      now += ms;
    },
    run: async (work) => {
      let isOver = false;
      const result = work().finally(() => {
        isOver = true;
      });
      result.catch(() => undefined);
      while (!isOver) {
        for (let turn = 0; turn < 3 && !isOver; turn += 1) await setImmediate();
        if (!isOver) wakeNext();
      }
      return result;
    },
  };
}

import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../../core/ports.ts";

/** Time that jumps from one event to the next. Whatever waits, waits for an instant of it: nothing in it is real input or output. */
export interface FleetClock extends Clock {
  /** Epoch ms. */
  at(): number;
  sleep(ms: number): Promise<void>;
  until(at: number): Promise<void>;
  /** Runs something on its own; its error ends the run. */
  spawn(run: () => Promise<unknown>): void;
  /** Lets time pass to `end`, or to the first event after which the condition holds. */
  run(end: number, holds?: () => boolean): Promise<void>;
}

/** A clock that starts at an instant, epoch ms. */
export function fleetClock(start: number): FleetClock {
  let now = start;
  const instants = instantHeap();
  const sleepers = new Map<number, (() => void)[]>();
  const errors: unknown[] = [];
  const until = (at: number) => {
    const instant = Math.max(Math.ceil(at), now);
    return new Promise<void>((wake) => {
      const same = sleepers.get(instant);
      if (same) same.push(wake);
      else {
        sleepers.set(instant, [wake]);
        instants.push(instant);
      }
    });
  };
  return {
    now: () => new Date(now),
    at: () => now,
    until,
    sleep: (ms) => until(now + ms),
    spawn: (run) => {
      run().catch((error: unknown) => errors.push(error));
    },
    run: async (end, holds = () => false) => {
      // One turn of the event loop empties the queue of promises: all that can go on has gone on.
      await setImmediate();
      for (let next = instants.least(); next !== undefined && next <= end && !holds(); next = instants.least()) {
        if (errors.length > 0) throw errors[0];
        instants.pop();
        now = next;
        const woken = sleepers.get(next) ?? [];
        sleepers.delete(next);
        for (const wake of woken) wake();
        await setImmediate();
      }
      if (errors.length > 0) throw errors[0];
      if (!holds()) now = Math.max(now, end);
    },
  };
}

/** A binary heap of numbers. */
function instantHeap() {
  const heap: number[] = [];
  const value = (index: number) => heap[index] ?? Number.POSITIVE_INFINITY;
  const swap = (one: number, other: number) => {
    [heap[one], heap[other]] = [value(other), value(one)];
  };
  const sink = () => {
    for (let at = 0; ; ) {
      const smaller = value(2 * at + 2) < value(2 * at + 1) ? 2 * at + 2 : 2 * at + 1;
      if (value(smaller) >= value(at)) return;
      swap(at, smaller);
      at = smaller;
    }
  };
  return {
    least: () => heap[0],
    push: (instant: number) => {
      heap.push(instant);
      for (let at = heap.length - 1; at > 0 && value(at) < value((at - 1) >> 1); at = (at - 1) >> 1)
        swap(at, (at - 1) >> 1);
    },
    pop: () => {
      const last = heap.pop();
      if (heap.length === 0 || last === undefined) return;
      heap[0] = last;
      sink();
    },
  };
}

import { setImmediate } from "node:timers/promises";

/** Lets one call of all that wait go at a time, so that a run is the same each time. */
export interface Turns {
  take<Out>(run: () => Promise<Out>): Promise<Out>;
}

/** `pick` says which of so many waiting calls is next; the first one unless a test wants another order. */
export function newTurns(pick: (waiting: number) => number = () => 0): Turns {
  const waiting: (() => Promise<void>)[] = [];
  let going = false;
  const go = async () => {
    going = true;
    while (waiting.length > 0) {
      // All that can run has run after this: whoever is going to call waits here.
      await setImmediate();
      const [next] = waiting.splice(pick(waiting.length), 1);
      await next?.();
    }
    going = false;
  };
  return {
    take: (run) =>
      new Promise((resolve, reject) => {
        waiting.push(() => run().then(resolve, reject));
        if (!going) void go();
      }),
  };
}

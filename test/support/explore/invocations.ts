import type { Deps } from "../../../core/deps.ts";
import type { Verdict } from "../../../core/dispatch/dispatch.ts";
import type { Around } from "../pipeline.ts";
import type { VirtualTime } from "../virtual-time.ts";
import type { Pause } from "./faults.ts";
import { type Pass, type PortCall, passing } from "./faulty-deps.ts";
import { newTurns } from "./turns.ts";

/** One run of a Lambda. */
export interface Invocation {
  id: number;
  /** A task as the state machine names it (`CreateOrder`), or stream, dispatch, sweep, check-issuer, clean-up, resync. */
  name: string;
  payload: unknown;
  /** Its calls so far. */
  calls: number;
  dead: boolean;
  /** Whether its handler has answered: on Lambda it makes no call after that, or at any later time. */
  over: boolean;
  /** While it stands still. */
  gate: Promise<void> | undefined;
  finished: Promise<unknown>;
  /** Ends it in the eyes of its caller. */
  lose(error: Error): void;
}

/** The answer to a call that must wait for its gate; of a dead invocation, for ever. */
export const again = Symbol("again");

/** What one call does: its effect, or a fault. */
export type Play = (own: Invocation, call: PortCall, effect: () => Promise<unknown>) => Promise<unknown>;

/** Whoever runs Lambdas. */
export interface Invocations {
  around: Around;
  /** How often each Lambda was invoked. */
  counts: Map<string, number>;
  /** Calls that were begun by somebody who had answered. */
  late: Set<string>;
  /** Whether anybody is at work, or will go on by himself. */
  busy(): boolean;
  kill(own: Invocation): typeof again;
  /** Stands still; the caller may lose sight of it meanwhile and call again. */
  pause(own: Invocation, pause: Pause): typeof again;
}

/** Runs each invocation with deps of its own, whose calls are played one at a time. */
export function newInvocations(time: () => VirtualTime, play: Play, pick?: (waiting: number) => number): Invocations {
  const turns = newTurns(pick);
  const counts = new Map<string, number>();
  const late = new Set<string>();
  let live = 0;
  const passOf = (own: Invocation): Pass => {
    const turn = async (call: PortCall, effect: () => Promise<unknown>): Promise<unknown> => {
      if (own.over) late.add(`${own.name} calls ${call.port}.${call.method} after it has answered`);
      await own.gate;
      if (own.dead) return new Promise(() => {});
      const answer = await turns.take(async () =>
        own.dead || own.gate !== undefined ? again : play(own, call, effect),
      );
      return answer === again ? turn(call, effect) : answer;
    };
    return turn;
  };
  const invoke = (name: string, payload: unknown, deps: Deps, run: (deps: Deps) => Promise<unknown>) => {
    const seen = Promise.withResolvers<never>();
    counts.set(name, (counts.get(name) ?? 0) + 1);
    const id = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const own: Invocation = {
      id,
      name,
      payload,
      calls: 0,
      dead: false,
      over: false,
      gate: undefined,
      finished: seen.promise,
      lose: seen.reject,
    };
    own.finished = run(passing(deps, passOf(own)));
    const end = () => {
      own.over = true;
    };
    own.finished.then(end, end);
    return Promise.race([own.finished, seen.promise]);
  };
  return {
    counts,
    late,
    busy: () => live > 0,
    around: async ({ name, payload, deps }, run) => {
      live += 1;
      return delivered(name, time, () => invoke(name, payload, deps, run)).finally(() => {
        live -= 1;
      });
    },
    kill: (own) => {
      own.dead = true;
      own.lose(Object.assign(new Error("the Lambda died"), { name: "Runtime.ExitError" }));
      return again;
    },
    pause: (own, { ms, seenAfterMs }) => {
      const until = later(time(), ms);
      if (seenAfterMs > ms) {
        own.gate = time()
          .waitUntil(until)
          .then(() => {
            own.gate = undefined;
          });
        return again;
      }
      live += 1;
      own.gate = aside(own, time(), until).finally(() => {
        live -= 1;
      });
      void loseSight(own, time(), seenAfterMs);
      return again;
    },
  };
}

/** Goes on at an instant, beside whoever has given it up; answers when it may. */
function aside(own: Invocation, time: VirtualTime, until: Date): Promise<void> {
  const open = Promise.withResolvers<void>();
  time.spawn(async () => {
    await time.waitUntil(until);
    own.gate = undefined;
    open.resolve();
    await own.finished.catch(() => {});
  });
  return open.promise;
}

async function loseSight(own: Invocation, time: VirtualTime, afterMs: number): Promise<void> {
  if (afterMs > 0) await time.waitUntil(later(time, afterMs));
  own.lose(Object.assign(new Error("its caller lost sight of it"), { name: "States.Timeout" }));
}

function later(time: VirtualTime, ms: number): Date {
  return new Date(time.now().getTime() + ms);
}

/** A task's error is for the state machine; the others come again as often as their settings in cdk/ say. */
async function delivered(name: string, time: () => VirtualTime, invoke: () => Promise<unknown>): Promise<unknown> {
  const isTask = /^[A-Z]/.test(name);
  const deliveries = { stream: 6, sweep: 1 }[name] ?? 3;
  for (let delivery = 1; ; delivery += 1) {
    const answer = await invoke().catch((error: unknown) => {
      if (isTask) throw error;
      return [{ error }];
    });
    if (isTask || delivery >= deliveries || !failedIn(name, answer)) return answer;
    await time().waitUntil(later(time(), (name === "stream" ? 1_000 : 60_000) * delivery));
  }
}

/** Of a dispatch the stream sees each record's failure; the others throw or do not. */
function failedIn(name: string, answer: unknown): boolean {
  const failures = Array.isArray(answer)
    ? (answer as Partial<Verdict>[]).filter(({ error }) => error !== undefined)
    : [];
  return failures.length > 0 && (name === "stream" || failures.some(({ key }) => key === undefined));
}

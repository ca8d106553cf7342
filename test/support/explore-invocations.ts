import type { Deps } from "../../core/deps.ts";
import type { Verdict } from "../../core/dispatch/dispatch.ts";
import { awayCalls, type Fault, pauses, refused, throttled, unavailable } from "./explore-faults.ts";
import { newTurns } from "./explore-turns.ts";
import { type Pass, type PortCall, passing } from "./faulty-deps.ts";
import type { Around, Pipeline } from "./pipeline.ts";

/** A call as it was counted. */
export interface Call extends PortCall {
  n: number;
  /** The Lambda that made it, and the number of its invocation. */
  by: string;
  invocation: number;
  payload: unknown;
  first: boolean;
  /** Epoch ms. */
  time: number;
}

/** Everything a fault is planned by and a run is judged by. */
export interface Faulty {
  around: Around;
  use(p: Pipeline): void;
  /** Calls are counted, and the fault may strike, from now on. */
  arm(): void;
  calls: Call[];
  /** How often each Lambda was invoked. */
  invoked: Map<string, number>;
  /** Whether anybody is at work, or will go on by himself. */
  busy(): boolean;
  /** Called after every effect. */
  onEffect(look: (call: Call, invocation: number) => Promise<void>): void;
  struck(): boolean;
}

export interface FaultyOptions {
  fault?: Fault | undefined;
  inject?: ((p: Pipeline) => Promise<void>) | undefined;
  pick?: ((waiting: number) => number) | undefined;
  deadly?: ((call: Call) => boolean) | undefined;
}

interface Invocation {
  id: number;
  name: string;
  payload: unknown;
  calls: number;
  dead: boolean;
  /** While it stands still. */
  gate: Promise<void> | undefined;
  finished: Promise<unknown>;
  /** Ends it in the eyes of its caller. */
  lose(error: Error): void;
}

/** What a call is answered with that must wait for its gate, or for ever. */
const again = Symbol("again");
/** More than any honest run makes. */
const mostCalls = 4_000;

/** Plays one fault, or none. */
export function newFaulty(options: FaultyOptions): Faulty {
  const turns = newTurns(options.pick);
  const { fault } = options;
  let p: Pipeline | undefined;
  let armed = false;
  let struck = false;
  let ids = 0;
  let live = 0;
  let away = { port: "", left: 0 };
  let look: (call: Call, invocation: number) => Promise<void> = async () => {};
  const calls: Call[] = [];
  const invoked = new Map<string, number>();

  const played = async (own: Invocation, call: PortCall, effect: () => Promise<unknown>): Promise<unknown> => {
    const first = own.calls === 0;
    own.calls += 1;
    if (!armed || !p) return effect();
    const counted = {
      ...call,
      n: calls.length + 1,
      by: own.name,
      invocation: own.id,
      payload: own.payload,
      first,
      time: p.time.now().getTime(),
    };
    calls.push(counted);
    if (calls.length > mostCalls) throw new Error(`more than ${mostCalls} calls`);
    const run = async () => {
      const out = await effect();
      await look(counted, own.id);
      return out;
    };
    if (away.left > 0 && call.port === away.port) {
      away.left -= 1;
      throw unavailable(call);
    }
    if (options.deadly?.(counted)) return die(own);
    if (!fault || struck || calls.length !== fault.at) return run();
    struck = true;
    return strike(fault, own, call, run);
  };

  const strike = async (
    { kind }: Fault,
    own: Invocation,
    call: PortCall,
    run: () => Promise<unknown>,
  ): Promise<unknown> => {
    if (kind === "kill-after" || kind === "lost" || kind === "twice") await run();
    if (kind === "kill-before" || kind === "kill-after") return die(own);
    if (kind === "twice") return run();
    if (kind === "throttle") throw throttled(call, (p as Pipeline).time.now());
    if (kind === "refuse") throw refused(call);
    if (kind === "bug") throw new TypeError(`${call.port}.${call.method}: a bug`);
    if (kind === "inject") {
      await options.inject?.(p as Pipeline);
      return run();
    }
    const pause = pauses[kind];
    if (pause) return stand(own, pause);
    away = { port: call.port, left: (awayCalls[kind] ?? 1) - 1 };
    throw unavailable(call);
  };

  const stand = (own: Invocation, { ms, seenAfterMs }: { ms: number; seenAfterMs: number }) => {
    const { time } = p as Pipeline;
    const until = new Date(time.now().getTime() + ms);
    if (seenAfterMs > ms) {
      own.gate = time.waitUntil(until).then(() => {
        own.gate = undefined;
      });
      return again;
    }
    own.gate = new Promise((open) => {
      live += 1;
      time.spawn(async () => {
        await time.waitUntil(until);
        own.gate = undefined;
        open();
        await own.finished.catch(() => {});
        live -= 1;
      });
    });
    const lost = Object.assign(new Error("its caller lost sight of it"), { name: "States.Timeout" });
    if (seenAfterMs === 0) own.lose(lost);
    else void time.waitUntil(new Date(time.now().getTime() + seenAfterMs)).then(() => own.lose(lost));
    return again;
  };

  const passOf =
    (own: Invocation): Pass =>
    async (call, effect) => {
      for (;;) {
        await own.gate;
        if (own.dead) return new Promise(() => {});
        const answer = await turns.take(async () => {
          if (own.dead || own.gate) return again;
          return played(own, call, effect);
        });
        if (answer !== again) return answer;
      }
    };

  /** One invocation with deps of its own. */
  const invoke = async (name: string, payload: unknown, deps: Deps, run: (deps: Deps) => Promise<unknown>) => {
    ids += 1;
    invoked.set(name, (invoked.get(name) ?? 0) + 1);
    let lose: (error: Error) => void = () => {};
    const lost = new Promise<never>((_, reject) => {
      lose = reject;
    });
    const own: Invocation = {
      ...{ id: ids, name, payload, calls: 0, dead: false, gate: undefined, lose },
      finished: Promise.resolve(),
    };
    own.finished = run(passing(deps, passOf(own)));
    own.finished.catch(() => {});
    return Promise.race([own.finished, lost]);
  };

  return {
    calls,
    invoked,
    use: (opened) => {
      p = opened;
    },
    arm: () => {
      armed = true;
    },
    busy: () => live > 0 || (p?.executions.some(({ status }) => status === "RUNNING") ?? false),
    struck: () => struck,
    onEffect: (seen) => {
      look = seen;
    },
    around: async ({ name, payload, deps }, run) => {
      live += 1;
      try {
        for (let delivery = 1; ; delivery += 1) {
          try {
            const answer = await invoke(name, payload, deps, run);
            if (name !== "stream" || !failedIn(answer) || delivery >= deliveries(name)) return answer;
          } catch (error) {
            if (tasks.test(name)) throw error;
            if (delivery >= deliveries(name)) return undefined;
          }
          const pauseMs = name === "stream" ? 1_000 * delivery : 60_000 * delivery;
          await p?.time.waitUntil(new Date(p.time.now().getTime() + pauseMs));
        }
      } finally {
        live -= 1;
      }
    },
  };
}

function die(own: Invocation): typeof again {
  own.dead = true;
  own.lose(Object.assign(new Error("the Lambda died"), { name: "Runtime.ExitError" }));
  return again;
}

/** Tasks of the state machine are named as its placeholders are; Step Functions repeats them. */
const tasks = /^[A-Z]/;

/** How often AWS delivers an event whose function fails: the stream mapping's and the functions' settings in cdk/. */
function deliveries(name: string): number {
  if (name === "stream") return 6;
  return name === "sweep" ? 1 : 3;
}

function failedIn(answer: unknown): boolean {
  return Array.isArray(answer) && (answer as Verdict[]).some(({ error }) => error !== undefined);
}

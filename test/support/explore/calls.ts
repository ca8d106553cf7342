import type { Pipeline } from "../pipeline.ts";
import { awayCalls, errorOf, type Fault, type FaultKind, pauses } from "./faults.ts";
import type { PortCall } from "./faulty-deps.ts";
import { type Invocation, type Invocations, newInvocations } from "./invocations.ts";

/** A call as it was counted. */
export interface Call extends PortCall {
  /** From 1. */
  n: number;
  /** The Lambda that made it. */
  by: string;
  invocation: number;
  payload: unknown;
  /** Whether it was the first of its invocation. */
  first: boolean;
  /** Epoch ms. */
  time: number;
}

/** A fault and the call that it struck. */
export interface Strike {
  fault: Fault;
  call: Call;
}

/** What happens some time after a fault, at a time for each kind of it. */
export interface Injection {
  afterMs: Partial<Record<FaultKind, number>>;
  run: (p: Pipeline) => Promise<void>;
}

/** What goes wrong. */
export interface FaultyOptions {
  fault?: Fault | undefined;
  /** Another one, later. */
  second?: Fault | undefined;
  /** What an `inject` fault does. */
  inject?: ((p: Pipeline) => Promise<void>) | undefined;
  /** What happens some time after the fault. */
  after?: Injection | undefined;
  /** Which of so many waiting calls is next. */
  pick?: ((waiting: number) => number) | undefined;
  /** Whoever makes such a call dies, each time. */
  deadly?: ((call: Call) => boolean) | undefined;
}

/** A pipeline's calls, and what goes wrong with them. */
export interface Faulty extends Invocations {
  use(p: Pipeline): void;
  /** Calls are counted, and the fault may strike, from now on. */
  arm(): void;
  calls: Call[];
  strikes: Strike[];
  /** What went so wrong that a run could not go on. */
  problems: string[];
  /** Calls `look` after every effect. */
  watch(look: (call: Call) => Promise<void>): void;
}

/** More than any honest run makes. */
const mostCalls = 4_000;

/** Plays the faults, each once. */
export function newFaulty(options: FaultyOptions): Faulty {
  let p: Pipeline | undefined;
  let armed = false;
  let following = 0;
  let away = { port: "", left: 0 };
  let look: (call: Call) => Promise<void> = async () => {};
  const open = [options.fault, options.second].filter((fault) => fault !== undefined);
  const calls: Call[] = [];
  const problems: string[] = [];
  const strikes: Strike[] = [];
  const here = () => {
    if (!p) throw new Error("no pipeline yet");
    return p;
  };

  const count = (own: Invocation, call: PortCall): Call => {
    const [n, time] = [calls.length + 1, here().time.now().getTime()];
    const counted = {
      ...call,
      n,
      by: own.name,
      invocation: own.id,
      payload: own.payload,
      first: own.calls === 1,
      time,
    };
    calls.push(counted);
    if (n === mostCalls) problems.push(`more than ${mostCalls} calls`);
    return counted;
  };
  const isAway = ({ port }: PortCall): boolean => {
    if (away.left === 0 || away.port !== port) return false;
    away.left -= 1;
    return true;
  };
  const play = async (own: Invocation, call: PortCall, effect: () => Promise<unknown>): Promise<unknown> => {
    own.calls += 1;
    if (!armed) return effect();
    const counted = count(own, call);
    if (isAway(call)) throw errorOf("away", call, here().time.now());
    if (options.deadly?.(counted)) return invocations.kill(own);
    const run = async () => {
      const out = await effect();
      await look(counted);
      return out;
    };
    // Who has answered only waits for replies.
    const at = own.over ? -1 : open.findIndex((fault) => fault.at <= counted.n);
    const [fault] = at < 0 ? [] : open.splice(at, 1);
    return fault ? strike(fault, own, counted, run) : run();
  };
  const strike = async (fault: Fault, own: Invocation, call: Call, run: () => Promise<unknown>) => {
    const { time } = here();
    const { kind } = fault;
    strikes.push({ fault, call });
    if (options.after) follow(options.after, kind);
    const pause = pauses[kind];
    if (pause) return invocations.pause(own, pause);
    if (kind === "inject") await options.inject?.(here());
    if (["kill-after", "lost", "twice"].includes(kind)) await run();
    if (kind.startsWith("kill")) return invocations.kill(own);
    away = { port: call.port, left: (awayCalls[kind] ?? 1) - 1 };
    const error = errorOf(kind, call, time.now());
    if (error) throw error;
    return run();
  };
  const follow = ({ afterMs, run }: Injection, kind: FaultKind) => {
    const { time } = here();
    following += 1;
    time.spawn(async () => {
      await time.waitUntil(new Date(time.now().getTime() + (afterMs[kind] ?? 0)));
      await run(here());
      following -= 1;
    });
  };
  const invocations = newInvocations(() => here().time, play, options.pick);
  return {
    ...invocations,
    calls,
    problems,
    strikes,
    use: (opened) => {
      p = opened;
    },
    arm: () => {
      armed = true;
    },
    busy: () => following > 0 || invocations.busy() || here().executions.some(({ status }) => status === "RUNNING"),
    watch: (seen) => {
      look = seen;
    },
  };
}

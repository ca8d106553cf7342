import { isNamed, type Named, RateLimitedError, UnavailableError } from "../errors.ts";
import type { Clock } from "../ports.ts";
import type { Budget } from "./budget.ts";
import type { Kubernetes, KubernetesObject } from "./port.ts";

/** An apiserver behind its request budget; finds out whether it is the whole cluster that fails. */
export interface Reach {
  kubernetes: Kubernetes;
  /** Set when no more is to be asked of it in this run; every further call throws its error at once. */
  stopped(): Stop | undefined;
  /** Sent so far. */
  requests(): number;
}

/** lost: nobody answers or our credentials are refused; busy: it named an instant; late: our own time is over. */
export interface Stop {
  why: "lost" | "busy" | "late";
  error: Named;
}

interface World {
  clock: Clock;
  pause(ms: number): Promise<void>;
  budget: Budget;
  /** No request begins later. */
  end: Date;
}

/** Reads in a row that get no answer: the apiserver may be up while its etcd is not. */
const mostSilentReads = 3;
/** A Retry-After that is worth waiting for, and how often. */
const patienceMs = 5_000;
const mostRepeats = 3;
/** How many objects an apiserver gives in one page of a list. */
const pageSize = 500;

/** Puts an apiserver behind its budget. One who fails alone (a webhook that is down) gets UnavailableError ApiserverFailed. */
export function reachThrough(kubernetes: Kubernetes, world: World): Reach {
  const gate = openGate(world);
  const judge = judgeBy(kubernetes, gate);
  const read = { answered: judge.answered, judged: (error: unknown) => judge.judged(error, true) };
  const write = { answered: () => undefined, judged: (error: unknown) => judge.judged(error, false) };
  const ask = <Out>(how: typeof read, call: () => Promise<Out>) => askThrough(gate, how, world, call);
  return {
    kubernetes: {
      version: () => ask({ ...write, judged: async (error) => lossOf(gate, error) }, () => kubernetes.version()),
      get: (ref) => ask(read, () => kubernetes.get(ref)),
      list: (kind, where) => ask(read, () => kubernetes.list(kind, where).then(charged(world.budget))),
      apply: (object, how) => ask(write, () => kubernetes.apply(object, how)),
      patch: (ref, change, how) => ask(write, () => kubernetes.patch(ref, change, how)),
      delete: (ref, is) => ask(write, () => kubernetes.delete(ref, is)),
    },
    stopped: gate.stopped,
    requests: gate.passed,
  };
}

interface Gate {
  /** Resolves when a request may be sent; throws when none may any more. */
  pass(): Promise<void>;
  /** From now on nothing passes; answers what to throw. The first reason stays. */
  close(why: Stop["why"], error: Named): Named;
  stopped(): Stop | undefined;
  passed(): number;
}

function openGate({ budget, clock, end }: World): Gate {
  let stop: Stop | undefined;
  let passed = 0;
  const close = (why: Stop["why"], error: Named) => {
    stop ??= { why, error };
    return stop.error;
  };
  return {
    pass: async () => {
      if (!stop) await budget.take();
      if (!stop && clock.now() >= end) close("late", outOfTime());
      if (stop) throw stop.error;
      passed += 1;
    },
    close,
    stopped: () => stop,
    passed: () => passed,
  };
}

/** Tells a cluster that is lost from one request that fails. */
function judgeBy(kubernetes: Kubernetes, gate: Gate) {
  let silentReads = 0;
  let asked: Promise<boolean> | undefined;
  /** Whether anybody is there at all. One question serves all that fail at once. */
  const isThere = () => {
    asked ??= gate
      .pass()
      .then(() => kubernetes.version())
      .then(
        () => true,
        (error: unknown) => !isLoss(error),
      )
      .finally(() => {
        asked = undefined;
      });
    return asked;
  };
  return {
    answered: () => {
      silentReads = 0;
    },
    judged: async (error: unknown, isRead: boolean): Promise<unknown> => {
      if (!isLoss(error) || error.reason === "CredentialsRejected") return lossOf(gate, error);
      silentReads += isRead ? 1 : 0;
      if (silentReads >= mostSilentReads || !(await isThere())) return lossOf(gate, error);
      const { message, fix } = error;
      return new UnavailableError({ reason: "ApiserverFailed", message, ...(fix === undefined ? {} : { fix }) });
    },
  };
}

async function askThrough<Out>(
  gate: Gate,
  how: { answered(): void; judged(error: unknown): Promise<unknown> },
  world: World,
  call: () => Promise<Out>,
): Promise<Out> {
  for (let repeats = 0; ; repeats += 1) {
    await gate.pass();
    try {
      const answer = await call();
      how.answered();
      return answer;
    } catch (error) {
      if (!(error instanceof RateLimitedError)) throw await how.judged(error);
      const waitMs = error.retryAt.getTime() - world.clock.now().getTime();
      if (repeats === mostRepeats || waitMs > patienceMs) throw gate.close("busy", error);
      await world.pause(Math.max(waitMs, 0));
    }
  }
}

function lossOf(gate: Gate, error: unknown): unknown {
  return isLoss(error) ? gate.close("lost", error) : error;
}

function charged(budget: Budget) {
  return (objects: KubernetesObject[]) => {
    const further = Math.ceil(objects.length / pageSize) - 1;
    if (further > 0) budget.charge(further);
    return objects;
  };
}

/** Of the whole cluster, as far as one call can tell. */
function isLoss(error: unknown): error is Named {
  return isNamed(error) && (error.name === "UnavailableError" || error.reason === "CredentialsRejected");
}

function outOfTime(): Named {
  return new UnavailableError({ reason: "OutOfTime", message: "the time of this run is over; the next one goes on" });
}

import { setTimeout as sleep } from "node:timers/promises";
import type { Call, CallFilter } from "../../local/calls.ts";
import type { verbs } from "../../local/control.ts";
import type { FaultRule, FaultState } from "../../local/faults.ts";

type Verb = (subject: never, argument: never) => unknown;
type Argument<F extends Verb> = Parameters<F> extends [unknown, infer A] ? A : Record<string, never>;

/** Asks the process that listens for such verbs (local/control.ts). */
export type ControlOf<Verbs extends Record<keyof Verbs, Verb>> = <V extends keyof Verbs & string>(
  verb: V,
  argument: Argument<Verbs[V]>,
) => Promise<Awaited<ReturnType<Verbs[V]>>>;

/** Asks the process that runs the stack. */
export type Control = ControlOf<typeof verbs>;

/** Speaks to the control port of a stack, or whatever listens for verbs. */
export function createControl<Verbs extends Record<keyof Verbs, Verb> = typeof verbs>(
  controlUrl: string,
): ControlOf<Verbs> {
  return async (verb, argument) => {
    const answer = await fetch(`${controlUrl}/${verb}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(argument),
    });
    const value: unknown = await answer.json();
    if (!answer.ok) throw new Error(`${verb}: ${JSON.stringify(value)}`);
    return value as never;
  };
}

/** A pause that is in force. */
export interface Gate {
  id: string;
  /** Resolves when it holds so many calls. */
  held(count?: number, timeoutMs?: number): Promise<void>;
  /** Lets the oldest `count` go on, or all; later calls are held still. */
  release(count?: number): Promise<void>;
  /** Ends the pause; all go on. */
  open(): Promise<void>;
}

/** The recorder and the faults, as tests use them. */
export function createProxyControl(control: Control) {
  const add =
    (kind: FaultRule["kind"]) =>
    (match: CallFilter, more: Omit<FaultRule, "kind" | "match"> = {}) =>
      control("addFault", { ...more, match, kind });
  const pause = add("pause");
  return {
    calls: (filter: CallFilter = {}): Promise<Call[]> => control("calls", filter),
    count: (filter: CallFilter = {}): Promise<number> => control("count", filter),
    clearCalls: () => control("clearCalls", {}),
    clearFaults: () => control("clearFaults", {}),
    /** Answers the next call with `answer`, without asking the server. */
    refuse: add("refuse"),
    /** Passes the next call on after `delayMs`. */
    delay: add("delay"),
    /** The next call never reaches the server; its connection breaks. */
    dropRequest: add("dropRequest"),
    /** The next call is done, but its connection breaks before the answer. */
    dropReply: add("dropReply"),
    /** The answer of the next call is cut in the middle. */
    truncate: add("truncate"),
    /** The Lambda that makes the next call dies; with `hold: "reply"` after the server did its work. */
    kill: add("kill"),
    removeFault: (id: string) => control("removeFault", { id }),
    faults: (): Promise<FaultState[]> => control("faults", {}),
    /** Holds every call that matches (`times` to hold fewer). */
    pause: async (match: CallFilter, more: Omit<FaultRule, "kind" | "match"> = {}): Promise<Gate> => {
      const id = await pause(match, { times: -1, ...more });
      return {
        id,
        held: (count = 1, timeoutMs = 60_000) => untilHeld(control, id, count, timeoutMs),
        release: async (count) => void (await control("release", count === undefined ? { id } : { id, count })),
        open: async () => void (await control("removeFault", { id })),
      };
    },
  };
}

async function untilHeld(control: Control, id: string, count: number, timeoutMs: number): Promise<void> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const fault = (await control("faults", {})).find((each) => each.id === id);
    if (!fault) throw new Error(`${id} is no fault any more`);
    if (fault.held >= count) return;
    if (Date.now() > end) throw new Error(`${JSON.stringify(fault.rule.match)}: held ${fault.held} of ${count} calls`);
    await sleep(25);
  }
}

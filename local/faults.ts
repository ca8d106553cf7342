import { setTimeout as sleep } from "node:timers/promises";
import type { Call, CallFilter, FaultKind } from "./calls.ts";
import { matches } from "./calls.ts";

/** What to do to the next calls that match; plain data, so that it can come over the control port. */
export interface FaultRule {
  match: CallFilter;
  kind: FaultKind;
  /** How many matching calls pass first; default 0. */
  skip?: number;
  /** How many calls it meets; default 1, for ever is -1 and the default with `percent`. */
  times?: number;
  /** The share of matching calls that it meets, drawn one by one; with the same `seed` the same draws. */
  percent?: number;
  /** Of the draws; default 1. */
  seed?: number;
  /** pause, kill: before the call reaches the server (the default), or after it did its work. */
  hold?: "request" | "reply";
  /** delay: milliseconds before it is passed on. */
  delayMs?: number;
  /** refuse: the answer; `code` is an AWS error code or the last part of an ACME error type. */
  answer?: { status: number; code: string; message?: string; headers?: Record<string, string> };
}

/** What a rule has done so far. */
export interface FaultState {
  id: string;
  rule: FaultRule;
  /** Calls it met. */
  met: number;
  /** Calls it holds now. */
  held: number;
}

/** What happens to one call. */
export interface Verdict {
  kind: FaultKind;
  hold: NonNullable<FaultRule["hold"]>;
  answer?: NonNullable<FaultRule["answer"]>;
}

/** The rules in force; the oldest that matches a call applies. */
export interface Faults {
  add(rule: FaultRule): string;
  /** Ends a rule; the calls that it holds go on. */
  remove(id: string): void;
  /** Lets calls that a pause holds go on: the oldest `count`, or all. The rule stays. */
  release(id: string, count?: number): void;
  list(): FaultState[];
  clear(): void;
  /** Applies the first rule that matches to a call that arrived; resolves when the call may go on. */
  meet(call: Call, text: string): Promise<Verdict | undefined>;
  /** Holds an answer when the rule said so. */
  meetReply(call: Call): Promise<void>;
}

interface Active extends FaultState {
  passed: number;
  gates: (() => void)[];
  /** 0 <= x < 1. */
  draw(): number;
}

/** Starts without any rule. */
export function createFaults(): Faults {
  const active = new Map<string, Active>();
  const replies = new Map<number, Active>();
  let nextId = 1;
  const release = (id: string, count = Number.POSITIVE_INFINITY) => {
    const open = active.get(id)?.gates.splice(0, count) ?? [];
    for (const gate of open) gate();
  };
  const remove = (id: string) => {
    release(id);
    active.delete(id);
  };
  return {
    add(rule) {
      const id = `fault-${nextId++}`;
      active.set(id, { id, rule, met: 0, held: 0, passed: 0, gates: [], draw: drawing(rule.seed ?? 1) });
      return id;
    },
    remove,
    release,
    list: () => [...active.values()].map(({ id, rule, met, held }) => ({ id, rule, met, held })),
    clear() {
      for (const id of [...active.keys()]) remove(id);
    },
    async meet(call, text) {
      const fault = [...active.values()].find((each) => applies(each, call, text));
      if (!fault) return undefined;
      return await apply(fault, call, replies);
    },
    async meetReply(call) {
      const fault = replies.get(call.id);
      replies.delete(call.id);
      if (fault && active.has(fault.id)) await hold(fault);
    },
  };
}

function applies(fault: Active, call: Call, text: string): boolean {
  const { percent, skip = 0, match, times = percent === undefined ? 1 : -1 } = fault.rule;
  if ((times >= 0 && fault.met >= times) || !matches(call, match, text)) return false;
  if (fault.passed < skip) {
    fault.passed += 1;
    return false;
  }
  if (percent !== undefined && fault.draw() * 100 >= percent) return false;
  fault.met += 1;
  return true;
}

/** Mulberry32: small, and the same everywhere. */
function drawing(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), state | 1);
    const once = mixed ^ (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61));
    return ((once ^ (once >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function apply(fault: Active, call: Call, replies: Map<number, Active>): Promise<Verdict> {
  const { kind, answer, delayMs = 0, hold: where = "request" } = fault.rule;
  if (kind === "delay") await sleep(delayMs);
  if (kind === "pause" && where === "request") await hold(fault);
  if (kind === "pause" && where === "reply") replies.set(call.id, fault);
  return { kind, hold: where, ...(answer && { answer }) };
}

async function hold(fault: Active): Promise<void> {
  fault.held += 1;
  await new Promise<void>((open) => fault.gates.push(open));
  fault.held -= 1;
}

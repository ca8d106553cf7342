import { type Check, type Decision, type ListName, lists, walk } from "./decide.ts";
import { notLookedAt, sentences } from "./explain-facts.ts";
import type { Facts } from "./facts.ts";
import { rfc3339 } from "./status.ts";

/** One check of the decision chain, and what came of it. */
export interface Explained {
  list: ListName;
  /** The name of its function in core/checks.ts. */
  check: string;
  verdict: "passed" | "fires" | "not looked at";
  /** The facts that it looked at, or why it did not look. */
  facts: string;
  /** Of a check that fires; both are what the status gets. */
  reason?: string;
  message?: string;
}

/** How an instant (epoch ms) is written in a sentence. */
export type Instant = (at: number) => string;

/** The chain as decide() walks it, with the checks that it did not come to. Pure, as decide() is. */
export function explain(facts: Facts, instant: Instant = rfc3339): { checks: Explained[]; decision: Decision } {
  const { looks, decision } = walk(facts);
  const answers = new Map(looks.map(({ check, answer }) => [check, { answer }]));
  const fired = looks.filter(({ answer }) => answer).map(({ check }) => check);
  const checks = Object.entries(lists).flatMap(([list, all]) =>
    all.map((check): Explained => {
      const seen = { list: list as ListName, check: check.name };
      const look = answers.get(check);
      if (!look)
        return {
          ...seen,
          verdict: "not looked at",
          facts: whyNot(decision, fired.find((one) => all.includes(one)) ?? fired[0]),
        };
      const sentence = sentenceOf(check, facts, instant);
      if (sentence === notLookedAt) return { ...seen, verdict: "not looked at", facts: sentence };
      return look.answer
        ? { ...seen, verdict: "fires", facts: sentence, ...said(look.answer) }
        : { ...seen, verdict: "passed", facts: sentence };
    }),
  );
  return { checks, decision };
}

/** `renewalDue` as a person reads it: `renewal due`. */
export function titleOf(check: string): string {
  return check.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function sentenceOf(check: Check, facts: Facts, instant: Instant): string {
  return sentences[check.name]?.(facts, instant) ?? "";
}

function whyNot(decision: Decision, decider: Check | undefined): string {
  if (decision.action === "nothing" && decider?.name === "upToDate") return "nothing is to be issued";
  return `"${titleOf(decider?.name ?? "")}" decided before`;
}

function said(answer: Decision): { reason?: string; message?: string } {
  return {
    ...("reason" in answer ? { reason: answer.reason } : {}),
    ...("message" in answer ? { message: answer.message } : {}),
  };
}

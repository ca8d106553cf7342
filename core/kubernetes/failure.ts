import type { Deps } from "../deps.ts";
import { isNamed, RateLimitedError } from "../errors.ts";
import { retryAfter } from "./retry.ts";

/** A failure as it is kept and shown. */
export interface Failure {
  reason: string;
  message: string;
  /** In a row, this one included. */
  failures: number;
  /** Epoch ms. */
  retryAt: number;
}

/** What follows from an error: an instant that somebody named, or the ladder. What has no name is a bug, and logged. */
export function failureOf(
  { clock, chance, log }: Pick<Deps, "clock" | "chance" | "log">,
  error: unknown,
  { of, before, about }: { of: "cluster" | "mirror"; before: number; about: string },
): Failure {
  const now = clock.now();
  const named = error instanceof RateLimitedError ? error.retryAt : undefined;
  const failures = before + (named ? 0 : 1);
  const retryAt = named?.getTime() ?? retryAfter({ of, failures, now, fraction: chance.fraction() });
  if (!isNamed(error)) log({ event: "bug", about, error: String(error), stack: (error as Error).stack });
  return { ...wordsOf(error), failures, retryAt };
}

function wordsOf(error: unknown): { reason: string; message: string } {
  // What an unknown error says may hold anything.
  if (!isNamed(error)) return { reason: "SyncFailed", message: "an error in certwright; its log has the line `bug`" };
  const { reason, message, fix } = error;
  return { reason, message: fix ? `${message.replace(/\.$/, "")}; ${fix}` : message };
}

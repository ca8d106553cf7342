import { randomUUID } from "node:crypto";
import type { SecretWrite } from "../../core/ports.ts";

/** A stored secret's name that no other test uses. */
export function newName(): string {
  return `certwright/web/${randomUUID()}`;
}

/** An ordinary first write, changed as a test needs it. */
export function writeOf(name: string, change: Partial<SecretWrite>): SecretWrite {
  return {
    name,
    value: "{}",
    token: randomUUID(),
    replaces: undefined,
    owner: "web/Certificate/www",
    namespace: "web",
    issuer: "_cluster/ClusterIssuer/le",
    ...change,
  };
}

/** Starts as many writers; each writes the value it is given. */
export function writers<Out>(count: number, start: (value: string) => Out): Out[] {
  return Array.from({ length: count }, (_, index) => start(`writer ${index}`));
}

/** Which of `writers` won; throws when one failed for another reason than being stale. */
export async function race(writes: Promise<unknown>[]): Promise<{ won: string[]; stale: number }> {
  const outcomes = await Promise.allSettled(writes);
  const won = outcomes.flatMap(({ status }, index) => (status === "fulfilled" ? [`writer ${index}`] : []));
  const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
  const other = refused.find((error) => error.reason !== "StaleSecret");
  if (other) throw new Error(`a writer failed otherwise: ${other}`, { cause: other });
  return { won, stale: refused.length };
}

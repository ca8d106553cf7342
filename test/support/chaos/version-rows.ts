import { expect } from "vitest";
import {
  fromAttemptItem,
  fromCertificateItem,
  toAttemptItem,
  toCertificateItem,
} from "../../../adapters/aws/state/rows.ts";
import { type AttemptRef, type AttemptRow, type CertificateRow, rowSchema } from "../../../core/rows.ts";
import { openPipeline, type Pipeline } from "../pipeline.ts";
import { certificateSpec } from "../specs.ts";
import { anyRsaKey } from "./time-world.ts";

const tasks = [
  "Prepare",
  "CreateOrder",
  "PublishChallenge",
  "CheckPropagation",
  "ValidateChallenge",
  "FinalizeOrder",
  "WriteSecret",
  "CleanUpChallenge",
];

/** How another release wrote the rows that a step finds. */
export interface Wrote {
  certificate(row: CertificateRow): CertificateRow;
  attempt(row: AttemptRow): AttemptRow;
}

/** An older release: an older schema, without the fields that a row may lack. */
export const olderRelease: Wrote = {
  certificate: ({ recentIssuances, failedIssuanceAttempts, lastFailureTime, issuing, ...row }) => ({
    ...row,
    schema: rowSchema - 1,
  }),
  attempt: ({ nonce, answeredUnder, propagated, changes, stepEnded, tokens, bugs, expiresAt, ...row }) => ({
    ...row,
    schema: rowSchema - 1,
  }),
};

/** A newer release of a schema that this one can read: fields it does not know are everywhere. */
export const newerRelease: Wrote = {
  certificate: (row) => ({ ...row, ...unknown, ...(row.issued && { issued: { ...row.issued, ...unknown } }) }),
  attempt: (row) => ({ ...row, ...unknown }),
};

/** A newer release of a schema that this one does not know. */
export const newerSchema: Wrote = {
  certificate: (row) => ({ ...newerRelease.certificate(row), schema: rowSchema + 1 }),
  attempt: (row) => ({ ...newerRelease.attempt(row), schema: rowSchema + 1 }),
};

const unknown = { ofNextRelease: { since: 1, list: ["a"] } };

/** An issuance and a renewal that was asked for, with each step in turn finding rows of another release; counts orders. */
export async function findsRows(wrote: Wrote, mostOrders: number): Promise<string> {
  let orders = 0;
  for (const task of tasks) {
    const p = await playAt(task, wrote);
    const made = p.ca.calls.newOrder ?? 0;
    expect(made, `orders with rows changed at ${task}`).toBeLessThanOrEqual(mostOrders);
    orders = Math.max(orders, made);
    expect(p.dns.names(), task).toEqual([]);
    expect((await p.row("web/www"))?.revision, task).toBe(2);
    const bugs = p.logs.filter(({ errorClass, event }) => errorClass === "Bug" || event === "bug");
    expect(bugs, task).toEqual([]);
  }
  return `at each of ${tasks.length} steps: issued and renewed, at most ${orders} orders for 2 certificates, no bug, no record left`;
}

async function playAt(task: string, wrote: Wrote): Promise<Pipeline> {
  const open: { p?: Pipeline } = {};
  const rewritten = new Set<number>();
  const p = await openPipeline({
    keys: anyRsaKey,
    hook: async (name, input, run) => {
      const { live, attempts } = input as { live?: AttemptRef[]; attempts?: AttemptRef[] };
      const [ref] = live ?? attempts ?? [];
      // Once for each certificate: the attempt that follows is this release's own.
      const revision = (await open.p?.row("web/www"))?.revision ?? 0;
      if (name === task && open.p && ref && !rewritten.has(revision)) {
        rewritten.add(revision);
        await rewrite(open.p, ref, wrote);
      }
      return run();
    },
  });
  open.p = p;
  await p.issuer();
  await p.time.runUntil(new Date(p.time.now().getTime() + 5_000));
  await p.apply("web/www", certificateSpec("www"));
  await p.time.runUntilTrue(() => p.ready("web/www"));
  const annotations = { "certwright.dev/renew-requested-at": p.time.now().toISOString() };
  await p.apply("web/www", certificateSpec("www"), { annotations });
  await p.time.runUntilTrue(async () => (await p.row("web/www"))?.revision === 2);
  await p.time.runUntil(new Date(p.time.now().getTime() + 2 * 3_600_000));
  expect(rewritten.size, `${task} found rows of another release`).toBeGreaterThan(0);
  return p;
}

/** Through the items of the table, as the other release would have put them there. */
async function rewrite({ state }: Pipeline, ref: AttemptRef, wrote: Wrote): Promise<void> {
  const key = { namespace: ref.namespace, kind: "Certificate", name: ref.name } as const;
  const row = await state.certificate(key);
  if (row) {
    const read = fromCertificateItem(plain(toCertificateItem(wrote.certificate(row))));
    await state.putCertificate({ ...read, version: row.version });
  }
  const attempt = (await state.attempts([ref])).get(ref.attemptId);
  if (attempt && !attempt.outcome)
    await state.putAttempt(fromAttemptItem(plain(toAttemptItem(wrote.attempt(attempt)))));
}

/** Undefined fields do not reach the table. */
function plain<Row extends object>(item: Row): Row {
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined)) as Row;
}

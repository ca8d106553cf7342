import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect } from "vitest";
import { chaosTable } from "../support/chaos/rows.ts";
import { findsRows, newerRelease, newerSchema, olderRelease } from "../support/chaos/version-rows.ts";
import { openVersionStack, type VersionStack } from "../support/chaos/version-stack.ts";
import { nextRelease, type Release, releaseOfNewSchema, releaseWith } from "../support/chaos/version-tree.ts";

let opened: Promise<VersionStack> | undefined;
afterAll(async () => (await opened)?.stop());

/** A stack of this file alone: its deploys would disturb all other rows. */
function ownStack(): Promise<VersionStack> {
  opened ??= openVersionStack();
  return opened;
}

async function withRelease(changes: Parameters<typeof releaseWith>[0], run: (next: Release) => Promise<string>) {
  const next = releaseWith(changes);
  try {
    return await run(next);
  } finally {
    next.remove();
  }
}

/** Of these prefixes, those that are not Ready. */
async function inFlight(stack: VersionStack, prefixes: string[]): Promise<number> {
  const rows = await Promise.all(prefixes.map((prefix) => stack.certificates(prefix)));
  return rows.flat().filter(({ ready }) => ready?.status !== "True").length;
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + 120_000; !(await holds()); await sleep(300)) {
    if (Date.now() > end) throw new Error(`not so after 120 s: ${holds}`);
  }
}

function orderCounts(stack: VersionStack, prefix: RegExp): { all: number; most: number } {
  const counts = [...stack.orders()].filter(([name]) => prefix.test(name)).map(([, count]) => count);
  return { all: counts.reduce((sum, count) => sum + count, 0), most: Math.max(...counts) };
}

async function untilNoRecord({ stack }: VersionStack): Promise<void> {
  await until(async () => (await stack.zones.list("accepted")).every(({ type }) => type !== "TXT"));
}

/** 200 are in flight when the next version comes, the rest of them when it goes. */
async function upAndBack(next: Release): Promise<string> {
  const stack = await ownStack();
  await stack.put("old", 20);
  await stack.untilReady("old", 20);
  stack.lag(30);
  await stack.put("a", 100);
  await until(() => orderCounts(stack, /^a-/).all >= 100);
  await stack.put("b", 100);
  const older = await stack.asOlderRelease();
  await until(async () => (await stack.certificates("b")).length === 100);
  const atDeploy = await inFlight(stack, ["a", "b"]);
  await stack.deploy(next);
  await stack.put("old", 20, new Date().toISOString());
  const ofNext = async () => (await stack.items()).filter(({ release }) => release !== undefined);
  await until(async () => {
    const rows = await ofNext();
    return rows.length > 100 && rows.some(({ ready }) => ready?.status === "True");
  });
  const written = (await ofNext()).length;
  const atRollBack = await inFlight(stack, ["a", "b"]);
  stack.lag(2);
  await stack.deploy();
  for (const prefix of ["a", "b"]) await stack.untilReady(prefix, 100);
  await stack.untilReady("old", 20, 2);
  await untilNoRecord(stack);
  expect([atDeploy, atRollBack > 20]).toEqual([200, true]);
  const orders = orderCounts(stack, /^(a|b)-/);
  expect(orders.most, "orders of one certificate").toBeLessThanOrEqual(2);
  expect(orders.all).toBeLessThanOrEqual(210);
  expect(orderCounts(stack, /^old-/).all, "orders of 20 renewed ones").toBe(40);
  return `200 in flight at the deploy, ${atRollBack} at the roll-back, ${older} rows of an older schema, ${written} written by the next version; all Ready, ${orders.all} orders for 200, 40 for 20 renewed; no record left`;
}

/** The next version's rows cannot be read by this one. */
async function upAndBackWithSchema(next: Release): Promise<string> {
  const stack = await ownStack();
  stack.lag(25);
  await stack.put("c", 25);
  await until(() => orderCounts(stack, /^c-/).all >= 25);
  await stack.deploy(next);
  stack.lag(2);
  await stack.untilReady("c", 25);
  expect(orderCounts(stack, /^c-/), "each schema reads the one before").toEqual({ all: 25, most: 1 });
  stack.lag(25);
  await stack.put("d", 25);
  await until(() => orderCounts(stack, /^d-/).all >= 25);
  const newer = (await stack.items()).filter(({ schema }) => schema === 2).length;
  await stack.deploy();
  stack.lag(2);
  await stack.untilReady("d", 25);
  await untilNoRecord(stack);
  const { all, most } = orderCounts(stack, /^d-/);
  expect(most).toBeLessThanOrEqual(2);
  expect((await stack.certificates("c")).every(({ ready }) => ready?.status === "True")).toBe(true);
  return `up: 25 in flight, 25 orders; back: 25 in flight with ${newer} rows of the newer schema, ${all} orders, at most ${most} each; all Ready, no record left`;
}

chaosTable(
  "Deploys",
  [
    {
      fault:
        "in memory: each step in turn finds State rows as an older release wrote them: older schema, newest fields missing",
      expected: "Issued and renewed, one order each.",
      quick: true,
      run: () => findsRows(olderRelease, 2),
    },
    {
      fault: "in memory: each step in turn finds State rows of a newer release with fields that it does not know",
      expected: "Issued and renewed, one order each.",
      quick: true,
      run: () => findsRows(newerRelease, 2),
    },
    {
      fault: "in memory: each step in turn finds State rows of a newer schema, as after a roll-back",
      expected: "The attempt is given back and a new one takes its place: issued and renewed, at most two orders each.",
      quick: true,
      run: () => findsRows(newerSchema, 4),
    },
    {
      fault:
        "the next version is deployed and rolled back with 200 certificates in flight and State rows of an older schema",
      expected: "All finish; at most two orders for a certificate, no more than ten extra in all; no record left.",
      run: () => withRelease(nextRelease, upAndBack),
    },
    {
      fault: "a version that raises the schema of the rows is deployed and rolled back with 25 certificates in flight",
      expected:
        "It reads the rows of the version before, one order each; rolled back, attempts begin anew: at most two orders.",
      run: () => withRelease(releaseOfNewSchema, upAndBackWithSchema),
    },
  ],
  { oneByOne: true },
);

import { beforeAll, describe, expect, it } from "vitest";
import { readHaystack } from "../support/haystack.ts";
import { storedKeys } from "../support/known-secrets.ts";
import type { Hay, Needle } from "../support/secret-scan.ts";
import { findSecrets } from "../support/secret-scan.ts";
import { connectStack } from "../support/stack.ts";
import { twoMinutes } from "../support/two-minutes.ts";

/** The scan of test/integration/zz-secrets-scan.test.ts, which shows what it finds, after all faults. */
const stack = connectStack();
let hay: Hay[] = [];
let needles: Needle[] = [];

beforeAll(async () => {
  needles = await storedKeys(stack);
  hay = await readHaystack(stack, twoMinutes.everything);
});

describe("after the faults the scan", () => {
  it("knows the keys of accounts and certificates, and read what faults leave traces in", () => {
    expect(needles.map(({ label }) => label)).toContain(`the key of ${stack.facts.instance}/_cluster/pebble-account`);
    expect(needles.length).toBeGreaterThan(10);
    const sizes = new Map(hay.map(({ source, bytes }) => [source, bytes.length]));
    for (const source of ["execution histories", "logs", "state table", "bus events", "recorded calls", "run logs"]) {
      expect(sizes.get(source), source).toBeGreaterThan(1_000);
    }
  });

  it("finds no private key, account key or token", () => {
    expect(findSecrets(hay, needles)).toEqual([]);
  });
});

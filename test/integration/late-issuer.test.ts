import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../local/requests.ts";
import { pebbleIssuer } from "../../local/seed.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { untilNoTxt } from "../support/integration-dns.ts";
import { attemptsOf, countIssuances, once } from "../support/issuance-counts.ts";

const bed = openBed();
const { stack, fresh } = bed;
const namespace = fresh("late");

function wanted(issuer: string, what: string, where = namespace): Manifest {
  const name = fresh(what);
  return certificate({ name, namespace: where, issuer, dnsNames: [`${name}.example.test`] });
}

function rowOf({ metadata }: Manifest) {
  return stack.certificate({ namespace: metadata.namespace ?? "", name: metadata.name });
}

/** Accounts that Pebble made since: it answers 201 for a new one, 200 for the one of a known key. */
async function accountsMade(since: number): Promise<number> {
  return stack.count({ action: "newAccount", status: 201, since });
}

// The accounts of the issuers that every stack has must not be counted.
beforeAll(() => bed.ready(["pebble", "pebble-two-minutes"].map((name) => pebbleIssuer(stack.facts, name, "default"))));

describe("an issuer that comes after its Certificates", () => {
  it("sets 50 going that have waited for ten seconds, long before they would look for it themselves", async () => {
    const issuer = fresh("late");
    const many = Array.from({ length: 50 }, (_, index) => wanted(issuer, `late${index}`));
    const since = Date.now();
    await bed.put(many);
    await bed.shown(many, ({ ready }) => ready?.reason === "IssuerNotFound");
    await sleep(since + 10_000 - Date.now());
    const waiting = await Promise.all(many.map(rowOf));
    expect(waiting.map((row) => row?.waitsForIssuer)).toEqual(many.map(() => true));

    await stack.put(bed.issuer({ name: issuer }));
    await bed.ready(many);
    const attempts = await Promise.all(many.map((manifest) => attemptsOf(stack, manifest)));
    const started = attempts.map(([attempt]) => attempt?.startedAt ?? Number.POSITIVE_INFINITY);
    const wouldLookAt = waiting.map((row) => row?.dueAt ?? 0);
    expect(Math.max(...started)).toBeLessThan(Math.min(...wouldLookAt));
    expect(await countIssuances(stack, many)).toEqual(many.map(() => once));
    expect(await accountsMade(since)).toBe(1);
    await untilNoTxt(
      stack,
      many.map(({ metadata }) => `${metadata.name}.example.test`),
    );
  });
});

describe("an issuer that is new", () => {
  it("registers one account for two namespaces' first Certificates, however often it is checked at once", async () => {
    const issuer = bed.issuer({ name: fresh("first") });
    const { name } = issuer.metadata;
    const first = ["one", "two"].map((which) => wanted(name, which, fresh(which)));
    const since = Date.now();
    const key = { namespace: "_cluster", kind: "ClusterIssuer", name } as const;
    await stack.put(issuer);
    await Promise.all([bed.put(first), ...Array.from({ length: 5 }, () => stack.invoke("check-issuer", { key }))]);
    await bed.ready(first);
    expect(await accountsMade(since)).toBe(1);
    expect(await stack.count({ action: "newAccount", status: 200, since })).toBeGreaterThan(0);
    for (const manifest of first) expect(await countIssuances(stack, [manifest])).toEqual([once]);
  });
});

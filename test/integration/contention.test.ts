import { beforeAll, describe, expect, it } from "vitest";
import { certificate, openBed } from "../support/integration-bed.ts";
import { txtOf, untilNoTxt, writeTxt, zoneNamed } from "../support/integration-dns.ts";
import { leafOf } from "../support/integration-leaf.ts";

const bed = openBed();
const { stack, fresh } = bed;
const issuer = fresh("contention");
// They share one account, so that they cost one registration.
const many = Array.from({ length: 20 }, (_, index) => fresh(`many${index}`));
const account = { accountSecret: `${issuer}-account` };
let zone = "";

beforeAll(async () => {
  zone = await zoneNamed(stack, "example.test");
  await bed.putIssuer({ name: issuer, ...account });
  await Promise.all(many.map((name) => bed.putIssuer({ name, ...account })));
});

describe("at one record name", () => {
  it.concurrent("x and *.x as two Certificates in the same second are both Ready, four times over", async () => {
    const pairs = [0, 1, 2, 3].map((pair) => {
      const name = fresh(`pair${pair}`);
      // The second of a pair is another issuer's, so another execution's; of the last two pairs it is the same one's.
      const other = pair < 2 ? (many[pair] ?? expect.unreachable()) : issuer;
      const base = `${name}.example.test`;
      return [
        certificate({ name: `${name}-apex`, issuer, dnsNames: [base] }),
        certificate({ name: `${name}-wildcard`, issuer: other, dnsNames: [`*.${base}`] }),
      ];
    });
    const all = pairs.flat();
    await bed.put(all);
    expect((await bed.ready(all)).filter(({ failedIssuanceAttempts }) => failedIssuanceAttempts)).toEqual([]);
    const issued = await Promise.all(all.map(async (manifest) => leafOf(await bed.read(manifest)).names));
    expect(issued.flat().toSorted()).toEqual(
      all.flatMap(({ spec }) => (spec as { dnsNames: string[] }).dnsNames).toSorted(),
    );
    await untilNoTxt(stack, issued.flat());
  });

  it.concurrent("20 batches of one zone write at once and none loses a value", async () => {
    const shared = `${fresh("shared")}.example.test`;
    const all = many.map((name) =>
      certificate({ name, namespace: name, issuer: name, dnsNames: [`${name}.example.test`, shared] }),
    );
    const contains = `_acme-challenge.${shared}`;
    const gate = await stack.pause({ action: "ChangeResourceRecordSets", function: "publish-challenge", contains });
    // Five at a time, so that the steps before need few workers; then all twenty write in the same moment.
    for (let started = 0; started < all.length; started += 5) {
      await bed.put(all.slice(started, started + 5));
      await gate.held(started + 5);
    }
    await gate.open();
    expect((await bed.ready(all)).filter(({ failedIssuanceAttempts }) => failedIssuanceAttempts)).toEqual([]);
    const refused = await stack.calls({ action: "ChangeResourceRecordSets", error: "InvalidChangeBatch", contains });
    expect(refused.length).toBeGreaterThan(0);
    await untilNoTxt(stack, [shared, ...many.map((name) => `${name}.example.test`)]);
  });

  it.concurrent("a foreign writer between our read and our write keeps his values, and we lose none", async () => {
    const name = `${fresh("foreign")}.example.test`;
    const record = `_acme-challenge.${name}`;
    const change = { action: "ChangeResourceRecordSets", contains: record };
    await writeTxt(stack, zone, record, ['"first"']);
    // The first try does not look; the second swaps what it read.
    const publishes = await stack.pause({ ...change, function: "publish-challenge" }, { skip: 1, times: 1 });
    const cleansUp = await stack.pause({ ...change, function: "clean-up-challenge" }, { skip: 1, times: 1 });
    const manifest = certificate({ name: fresh("foreign"), issuer, dnsNames: [name] });
    await bed.put([manifest]);
    await publishes.held();
    await writeTxt(stack, zone, record, ['"first"', '"second"']);
    await publishes.open();
    await cleansUp.held();
    const [before] = await txtOf(stack, [name]);
    expect(before?.values).toEqual(['"first"', '"second"', expect.stringMatching(/^"[\w-]{43}"$/)]);
    await writeTxt(stack, zone, record, ['"third"', ...(before?.values ?? [])]);
    await cleansUp.open();
    const [row] = await bed.ready([manifest]);
    expect(row).not.toHaveProperty("failedIssuanceAttempts");
    await expect
      .poll(async () => (await txtOf(stack, [name]))[0]?.values, { timeout: 20_000 })
      .toEqual(['"third"', '"first"', '"second"']);
  });
});

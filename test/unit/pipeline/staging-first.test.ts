import { describe, expect, it } from "vitest";
import { createCa } from "../../support/acme-ca.ts";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { certificateSpec } from "../../support/specs.ts";

const key = { namespace: "web", kind: "Certificate", name: "www" } as const;
const pass = (p: Pipeline, seconds: number) => p.time.runUntil(new Date(p.time.now().getTime() + seconds * 1_000));

/** A CA whose resolver sees nothing while `blind`, and two accounts there: of the issuer and of its staging issuer. */
async function twoIssuers(annotations: Record<string, string> = { "certwright.dev/staging-issuer": "staging" }) {
  const world = { blind: true };
  let p: Pipeline | undefined;
  const ca = await createCa({
    clock: { now: () => p?.time.now() ?? new Date() },
    baseUrl: "https://memory.test",
    lookupTxt: (name) => (world.blind ? [] : (p?.dns.values(name) ?? [])),
  });
  p = await openPipeline({ ca });
  await p.issuer("staging");
  await pass(p, 5);
  await p.issuer("ca");
  await pass(p, 5);
  const { spec } = (await p.requests.get({ namespace: "_cluster", kind: "ClusterIssuer", name: "ca" })) ?? {};
  await p.apply("_cluster/ClusterIssuer/ca", spec, { annotations });
  await pass(p, 5);
  const [staging = "", own = ""] = [...ca.accounts.keys()];
  /** Where orders were made, in their order. */
  const orders = () => [...ca.orders.values()].map(({ account }) => (account === staging ? "staging" : "own"));
  const rows = async () => (await p.state.attemptsOf(key)).map(({ outcome }) => outcome?.reason).reverse();
  return { p, ca, world, orders, rows, own, staging };
}

const events = async (p: Pipeline) => (await p.state.events(key, 50)).map(({ reason }) => reason);

describe("an issuer with a staging issuer", () => {
  it("tries a refused validation there, until it passes, and then orders from its own CA at once", async () => {
    const { p, ca, world, orders, rows } = await twoIssuers();
    await p.apply("web/www", certificateSpec("www"));
    await pass(p, 30 * 60);
    expect(orders()).toEqual(["own", "staging", "staging"]);
    const { issuing } = (await p.row("web/www")) ?? {};
    expect(issuing).toMatchObject({ status: "False", reason: "ChallengeRefused" });
    expect(issuing?.message).toMatch(/^at ClusterIssuer\/staging, where it is tried first: /);
    world.blind = false;
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(orders()).toEqual(["own", "staging", "staging", "staging", "own"]);
    expect([...ca.orders.values()].map(({ status }) => status)).toEqual([
      "invalid",
      "invalid",
      "invalid",
      "ready",
      "valid",
    ]);
    expect(ca.calls.finalize).toBe(1);
    expect((await rows()).slice(-2)).toEqual(["Rehearsed", "Issued"]);
    expect(await events(p)).toContain("Rehearsed");
    const row = await p.row("web/www");
    expect(row).toMatchObject({ revision: 1, issuer: "_cluster/ClusterIssuer/ca" });
    expect(row?.rehearsal).toBeUndefined();
    await pass(p, 60);
    expect(p.dns.names()).toEqual([]);
  });

  it("says where the validation is tried while it is", async () => {
    const { p, world } = await twoIssuers();
    await p.apply("web/www", certificateSpec("www"));
    await p.time.runUntilTrue(async () => (await p.row("web/www"))?.rehearsal === "wanted");
    world.blind = false;
    await p.time.runUntilTrue(async () => (await p.row("web/www"))?.issuing?.status === "True");
    expect((await p.row("web/www"))?.issuing?.message).toMatch(
      /^the validation is tried at ClusterIssuer\/staging first, because the last one was refused: /,
    );
    expect((await p.row("web/www"))?.issuer).toBe("_cluster/ClusterIssuer/ca");
  });

  it("rehearses again when its own CA refuses the validation all the same", async () => {
    const { p, ca, world, orders, own } = await twoIssuers();
    const { readOrder } = ca;
    world.blind = false;
    let refuses = 2;
    ca.readOrder = (account, id) => {
      world.blind = account.url === own && refuses > 0;
      return readOrder(account, id).then((order) => {
        if (order.status === "invalid") refuses -= 1;
        return order;
      });
    };
    await p.apply("web/www", certificateSpec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(orders().filter((where) => where === "staging").length).toBeGreaterThan(0);
    expect(orders().at(-1)).toBe("own");
    for (const [index, where] of orders().entries())
      if (where === "own" && index > 0) expect(orders()[index - 1]).toBe("staging");
  });

  it("orders from its own CA when the staging issuer is not ready, or away", async () => {
    const { p, world, orders } = await twoIssuers({ "certwright.dev/staging-issuer": "none" });
    await p.apply("web/www", certificateSpec("www"));
    await p.time.runUntilTrue(async () => (await p.row("web/www"))?.rehearsal === "wanted");
    world.blind = false;
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(orders()).toEqual(["own", "own"]);
  });

  it("orders from its own CA while the staging issuer is there and not ready", async () => {
    const { p, world, orders } = await twoIssuers();
    await p.apply("web/www", certificateSpec("www"));
    await p.time.runUntilTrue(async () => (await p.row("web/www"))?.rehearsal === "wanted");
    const staging = { namespace: "_cluster", kind: "ClusterIssuer", name: "staging" } as const;
    const row = (await p.state.issuer(staging)) ?? expect.unreachable();
    await p.state.putIssuer({ ...row, ready: { ...row.ready, status: "False" } });
    world.blind = false;
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(orders()).toEqual(["own", "own"]);
  });

  it("skips a rehearsal whose CA fails for a reason of its own", async () => {
    const { p, ca, world, orders, staging } = await twoIssuers();
    await p.apply("web/www", certificateSpec("www"));
    await p.time.runUntilTrue(async () => (await p.row("web/www"))?.rehearsal === "wanted");
    world.blind = false;
    const { newOrder } = ca;
    ca.newOrder = (account, request) => {
      if (account.url !== staging) return newOrder(account, request);
      ca.knobs.down = true;
      try {
        return newOrder(account, request);
      } finally {
        ca.knobs.down = false;
      }
    };
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(orders()).toEqual(["own", "own"]);
  });

  it("does not lose a wish for a renewal over a rehearsal", async () => {
    const { p, world, orders } = await twoIssuers();
    world.blind = false;
    const renew = (at: string) => ({ annotations: { "certwright.dev/renew-requested-at": at } });
    await p.apply("web/www", certificateSpec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    const row = await p.row("web/www");
    if (row) await p.state.putCertificate({ ...row, rehearsal: "wanted" });
    await p.apply("web/www", certificateSpec("www"), renew("2026-11-22T13:00:00Z"));
    await p.time.runUntilTrue(async () => (await p.row("web/www"))?.revision === 2);
    expect(orders()).toEqual(["own", "staging", "own"]);
  });
});

it("an issuer without one tries refused validations again at its own CA", async () => {
  const { p, orders } = await twoIssuers({});
  await p.apply("web/www", certificateSpec("www"));
  await pass(p, 30 * 60);
  expect(new Set(orders())).toEqual(new Set(["own"]));
  expect((await p.row("web/www"))?.rehearsal).toBeUndefined();
});

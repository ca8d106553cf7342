import { describe, expect, it } from "vitest";
import { ownRequest } from "../../support/own-request.ts";
import { acme, eventsOf, id, key, seconds, withIssuers } from "../../support/own-request-world.ts";
import type { Pipeline } from "../../support/pipeline.ts";
import { inSeconds } from "../../support/private-ca.ts";

describe("what a CA says no to for now", () => {
  const knobs: [string, string, (p: Pipeline, on: boolean) => Partial<Pipeline["ca"]["knobs"]>][] = [
    ["is away", "CAUnavailable", (_, on) => ({ down: on })],
    ["names a slot", "RateLimited", (p, on) => ({ limitedUntil: on ? inSeconds(p, 3_600) : undefined })],
  ];

  it.each(knobs)("is waited out when it %s", async (_, reason, knob) => {
    const turn = (p: Pipeline, on: boolean) => Object.assign(p.ca.knobs, knob(p, on));
    const p = await withIssuers();
    turn(p, true);
    await p.apply(id, { request: (await ownRequest()).request, issuerRef: acme });
    await seconds(p, 120);
    const row = await p.row(id);
    expect(row).toMatchObject({ ready: { status: "False", reason: "Pending" }, issuing: { reason } });
    expect(row?.own?.failureTime).toBeUndefined();
    expect(row?.dueAt).toBeGreaterThan(p.time.now().getTime());
    turn(p, false);
    await seconds(p, 3 * 3_600);
    expect((await p.row(id))?.ready.reason).toBe("Issued");
  });
});

it("an order that the CA has forgotten says nothing of a CertificateRequest: another one is made", async () => {
  const world = { orders: 0 };
  const p = await withIssuers({
    hook: async (task, _, run) => {
      if (task === "ValidateChallenge" && world.orders === 0) {
        world.orders = p.ca.orders.size;
        p.ca.orders.clear();
      }
      return run();
    },
  });
  await p.apply(id, { request: (await ownRequest()).request, issuerRef: acme });
  await seconds(p, 3_600);
  expect(world.orders).toBe(1);
  expect((await p.row(id))?.ready.reason).toBe("Issued");
  const attempts = await p.state.attemptsOf(key);
  expect(attempts.map(({ outcome }) => outcome?.reason)).toEqual(["Issued", "OrderGone"]);
});

describe("a CertificateRequest that cannot be served", () => {
  /** Ends as failed, for good: no execution after it, nothing due. */
  async function failsForGood(p: Pipeline, reason: string, message: RegExp): Promise<void> {
    const row = await p.row(id);
    expect(row?.ready).toMatchObject({ status: "False", reason: "Failed", message: expect.stringMatching(message) });
    expect(row?.own?.failureTime).toMatch(/Z$/);
    expect([row?.dueAt, row?.lane, row?.attempt, row?.own?.signed]).toEqual(Array(4).fill(undefined));
    expect(await eventsOf(p)).toContain(reason);
    const before = [p.executions.length, row];
    p.dispatch(id);
    p.resync();
    await seconds(p, 86_400);
    expect([p.executions.length, await p.row(id)]).toEqual(before);
  }

  it("has a name that the CA refuses: it fails for good", async () => {
    const p = await withIssuers({ sweepSeconds: 600 });
    p.ca.knobs.refusedNames.set("www.example.test", "no");
    const facts = p.facts.length;
    await p.apply(id, { request: (await ownRequest()).request, issuerRef: acme });
    await seconds(p, 120);
    await failsForGood(p, "RejectedIdentifier", /no/);
    expect(p.facts).toHaveLength(facts);
  });

  it("has a common name that is none of its names, at an ACME issuer: InvalidOrder, before anything is ordered", async () => {
    const p = await withIssuers({ sweepSeconds: 600 });
    const own = await ownRequest({ subject: [[{ oid: "2.5.4.3", value: "other.example.test" }]] });
    await p.apply(id, { request: own.request, issuerRef: acme });
    await seconds(p, 60);
    await failsForGood(
      p,
      "InvalidOrder",
      /^The CSR PEM requests a commonName that is not present .*: "other\.example\.test" does not exist in \[www\.example\.test\] or \[\]/,
    );
    expect(p.ca.orders.size).toBe(0);
    expect((await p.row(id))?.own?.approved).toBeDefined();
    expect((await p.row(id))?.own?.invalid).toMatchObject({ status: "True", reason: "InvalidOrder" });
  });

  it("gets a certificate for another key: it is not kept, and it fails for good", async () => {
    const p = await withIssuers({ sweepSeconds: 600 });
    const { ca } = p.deps.signers;
    const other =
      Buffer.from((await ownRequest()).request, "base64")
        .toString()
        .split("-----")[2] ?? "";
    p.deps.signers = {
      ...p.deps.signers,
      ca: (order, by) => ca({ ...order, csr: Buffer.from(other, "base64") }, by),
    };
    await p.apply(id, { request: (await ownRequest()).request, issuerRef: { name: "root" } });
    await seconds(p, 60);
    await failsForGood(p, "InvalidCertificate", /it is for another key/);
  });

  it("has a key that was compromised: it fails for good", async () => {
    const p = await withIssuers({ sweepSeconds: 600 });
    const own = await ownRequest();
    await p.state.blockKey({ publicKeyHash: own.publicKeyHash, saidBy: "web/Certificate/other", at: "" });
    await p.apply(id, { request: own.request, issuerRef: { name: "root" } });
    await seconds(p, 60);
    await failsForGood(p, "KeyBlocked", /will never be certified again/);
  });

  it("asks for names that its namespace may not have: denied, never approved", async () => {
    const p = await withIssuers({ sweepSeconds: 600 });
    Object.assign(p.deps.policy, { namespaces: { web: { dnsNames: ["*.web.example.test"] } } });
    await p.apply(id, { request: (await ownRequest()).request, issuerRef: { name: "root" } });
    await seconds(p, 60);
    const row = await p.row(id);
    expect(row?.ready).toMatchObject({ status: "False", reason: "Denied" });
    expect(row?.own?.denied).toMatchObject({ type: "Denied", status: "True", reason: "NameNotAllowed" });
    expect([row?.own?.approved, row?.own?.invalid]).toEqual([undefined, undefined]);
    Object.assign(p.deps.policy, { namespaces: undefined });
    p.dispatch(id);
    await seconds(p, 60);
    expect((await p.row(id))?.ready.reason).toBe("Denied");
  });

  it("is not valid: it has failed until it is corrected, and is then served", async () => {
    const p = await withIssuers();
    await p.apply(id, { request: "bm90IFBFTQ==", issuerRef: { name: "root" } });
    await seconds(p, 60);
    expect(await p.row(id)).toMatchObject({
      ready: {
        reason: "Failed",
        message: expect.stringMatching(/^spec\.request: Invalid value: .* failed to decode csr: /),
      },
      own: { invalid: { status: "True", reason: "InvalidSpec" } },
    });
    expect((await p.row(id))?.own?.approved).toBeUndefined();
    await p.apply(id, { request: (await ownRequest()).request, issuerRef: { name: "root" } });
    await seconds(p, 60);
    const row = await p.row(id);
    expect(row?.ready.reason).toBe("Issued");
    expect([row?.own?.invalid, row?.own?.failureTime]).toEqual([undefined, undefined]);
  });
});

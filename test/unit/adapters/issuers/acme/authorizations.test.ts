import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { DnsChallenge } from "../../../../../core/challenge.ts";
import type { FakeBed } from "../../../../support/acme-bed.ts";
import { startFakeBed } from "../../../../support/acme-bed.ts";

let bed: FakeBed;
beforeAll(async () => {
  bed = await startFakeBed();
});
afterAll(() => bed.fake.close());

const names = ["www.example.com"];

describe("challenge types that nobody here knows", () => {
  afterEach(() => {
    bed.fake.ca.knobs.otherChallenges = { types: [] };
  });

  it("beside dns-01 are ignored", async () => {
    bed.fake.ca.knobs.otherChallenges = { types: ["dns-persist-99", "quantum-01"] };
    const order = await bed.issuer().createOrder({ names });
    expect(await bed.issuer().challenges(order, ["dns-01"])).toMatchObject([{ type: "dns-01" }]);
  });

  it("alone are refused, with their list", async () => {
    bed.fake.ca.knobs.otherChallenges = { types: ["dns-persist-99", "quantum-01"], only: true };
    const order = await bed.issuer().createOrder({ names });
    await expect(bed.issuer().challenges(order, ["dns-01"])).rejects.toMatchObject({
      reason: "ChallengeNotOffered",
      message: "For www.example.com the CA offers dns-persist-99, quantum-01, not dns-01.",
    });
  });
});

describe("challenges", () => {
  it.each<[string, (body: Record<string, unknown>) => unknown, object]>([
    [
      "offers no dns-01",
      (body) => ({ ...body, challenges: [{ type: "http-01", url: "https://x.test/", token: "a" }] }),
      {
        name: "RefusedError",
        reason: "ChallengeNotOffered",
        endsAttempt: true,
        message: "For www.example.com the CA offers http-01, not dns-01.",
      },
    ],
    [
      "offers nothing",
      (body) => ({ ...body, challenges: [] }),
      { reason: "ChallengeNotOffered", message: "For www.example.com the CA offers no challenge, not dns-01." },
    ],
    ["is expired", (body) => ({ ...body, status: "expired" }), { reason: "AuthorizationEnded", endsAttempt: true }],
    [
      "is deactivated",
      (body) => ({ ...body, status: "deactivated" }),
      { reason: "AuthorizationEnded", endsAttempt: true },
    ],
    [
      "has a token that is none",
      (body) => ({ ...body, challenges: [{ type: "dns-01", url: "https://x.test/", token: 'a".b' }] }),
      { name: "UnavailableError", reason: "BadReply" },
    ],
    [
      "has a challenge without token",
      (body) => ({ ...body, challenges: [{ type: "dns-01", url: "https://x.test/" }] }),
      { name: "UnavailableError", reason: "BadReply" },
    ],
    [
      "has no identifier",
      ({ identifier: _, ...rest }) => rest,
      { reason: "BadReply", message: expect.stringContaining("identifier must be object") },
    ],
  ])("throws when the authorization %s", async (_, rewrite, error) => {
    const order = await bed.issuer().createOrder({ names });
    bed.fake.fail("authorization", { rewrite });
    await expect(bed.issuer().challenges(order, ["dns-01"])).rejects.toMatchObject(error);
  });

  it("leaves valid authorizations out", async () => {
    const order = await bed.issuer().createOrder({ names: ["a.example.com", "b.example.com"] });
    bed.fake.fail("authorization", { rewrite: (body) => ({ ...body, status: "valid" }) });
    const challenges = await bed.issuer().challenges(order, ["dns-01"]);
    expect(challenges.map(({ identifier }) => identifier)).toEqual(["b.example.com"]);
  });

  it("writes the record of a name in lower case without its wildcard", async () => {
    const order = await bed.issuer().createOrder({ names });
    const identifier = { type: "dns", value: "*.WWW.Example.com" };
    bed.fake.fail("authorization", { rewrite: (body) => ({ ...body, wildcard: true, identifier }) });
    const [challenge] = await bed.issuer().challenges(order, ["dns-01"]);
    expect(challenge).toMatchObject({
      identifier: "www.example.com",
      recordName: "_acme-challenge.www.example.com",
      wildcard: true,
    });
  });

  it("asks one after the other for few names, and at most four at once for many", async () => {
    for (const [count, parallel] of [
      [10, 1],
      [40, 4],
    ] as const) {
      const order = await bed
        .issuer()
        .createOrder({ names: Array.from({ length: count }, (_, i) => `n${i}.example.com`) });
      bed.fake.requests.length = 0;
      await bed.issuer().challenges(order, ["dns-01"]);
      const asked = (request: string) => bed.fake.requests.filter((one) => one === request).length;
      expect(asked("POST authorization")).toBe(count);
      expect(asked("HEAD newNonce")).toBeLessThanOrEqual(parallel);
    }
  });
});

describe("answer", () => {
  it("throws the CA's words when a second answer is malformed and the challenge has failed", async () => {
    const order = await bed.issuer().createOrder({ names });
    const [challenge] = (await bed.issuer().challenges(order, ["dns-01"])) as [DnsChallenge];
    await bed.issuer().answer(challenge);
    await bed.issuer().readOrder(order.url);
    await expect(bed.issuer().answer(challenge)).rejects.toMatchObject({
      name: "RefusedError",
      reason: "Malformed",
      endsAttempt: true,
      message: expect.stringContaining("Challenge in invalid status cannot be updated"),
    });
  });

  it("refuses a challenge URL on another host", async () => {
    const order = await bed.issuer().createOrder({ names });
    const [challenge] = (await bed.issuer().challenges(order, ["dns-01"])) as [DnsChallenge];
    const elsewhere = { ...challenge, challengeUrl: "https://evil.example/c" };
    await expect(bed.issuer().answer(elsewhere)).rejects.toMatchObject({ reason: "ForbiddenUrl" });
  });
});

describe("refusals", () => {
  it("has one line for each refused name and the order's own error, and none for the others", async () => {
    const order = await bed
      .issuer()
      .createOrder({ names: ["bad.example.com", "*.wild.example.com", "good.example.com"] });
    for (const challenge of await bed.issuer().challenges(order, ["dns-01"])) {
      const value = challenge.identifier === "good.example.com" ? challenge.recordValue : "wrong";
      if (challenge.identifier !== "bad.example.com") bed.publish({ name: challenge.recordName, value });
      await bed.issuer().answer(challenge);
    }
    const invalid = await bed.issuer().readOrder(order.url);
    expect((await bed.issuer().refusals(invalid ?? order)).split("\n")).toEqual([
      "bad.example.com: No TXT records found at _acme-challenge.bad.example.com (dns)",
      "*.wild.example.com: Incorrect TXT record found at _acme-challenge.wild.example.com (unauthorized)",
      "Some identifiers failed (unauthorized)",
    ]);
  });
});

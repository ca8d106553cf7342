import { describe, expect, it } from "vitest";
import { digitalocean } from "../../../../adapters/dns/digitalocean.ts";
import { RateLimitedError, RefusedError, UnavailableError } from "../../../../core/errors.ts";
import { testDnsProvider } from "../../../contract/dns-provider.ts";
import { fakeDigitalOcean } from "../../../support/fake-digitalocean.ts";
import { recordApiWorld } from "../../../support/record-api-world.ts";
import { solverFaults } from "../../../support/solver-faults.ts";

const config = { tokenSecretRef: { name: "do", key: "token" } };
const world = (token = "dop_v1_token") =>
  recordApiWorld(fakeDigitalOcean("dop_v1_token"), digitalocean, config, { "do/token": token });
const record = { name: "_acme-challenge.www.one.test", value: "v" };

testDnsProvider("digitalocean on the strict fake", () => world());

describe("digitalocean", () => {
  it("breaks nothing of the vendor's description", async () => {
    const { provider, broken, store } = world();
    const dns = await provider();
    await dns.publish([record, { name: "two.test", value: "apex" }]);
    expect(store.records.map(({ name }) => name).sort()).toEqual([record.name, "two.test"]);
    await dns.cleanUp([record, { name: "two.test", value: "apex" }]);
    expect(store.records).toEqual([]);
    expect(broken).toEqual([]);
  });

  it("finds a value beyond the first 200 of its name", async () => {
    const { provider, store } = world();
    for (let index = 0; index < 200; index += 1) store.hold("one.test", record.name, `foreign ${index}`);
    store.hold("one.test", record.name, "v");
    expect(await (await provider()).publish([record])).toEqual([{ record, unchanged: true }]);
  });

  it("removes a value as often as it is there, and minds nobody who was faster", async () => {
    const { provider, store, beforeNextSwap } = world();
    for (const _ of [1, 2]) store.hold("one.test", record.name, "v");
    beforeNextSwap(async () => store.drop(1));
    expect(await (await provider()).cleanUp([record])).toMatchObject([
      { change: expect.stringContaining("one.test@") },
    ]);
    expect(store.records).toEqual([]);
  });

  it("says what DigitalOcean refuses, in its words", async () => {
    const [result] = await (await world("another").provider()).publish([record]);
    const error = result && "error" in result ? result.error : undefined;
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({
      reason: "DigitalOceanRefused",
      message: "DigitalOcean answered 401 to GET /domains: Unable to authenticate you",
    });
  });

  it.each([
    [{ status: 429, headers: { "retry-after": "30" } }, RateLimitedError],
    [{ status: 429 }, UnavailableError],
    [{ status: 503 }, UnavailableError],
  ])("names an answer of %o", async (answer, kind) => {
    const troubled = world();
    troubled.answerInstead(() => answer);
    const [result] = await (await troubled.provider()).publish([record]);
    expect(result && "error" in result ? result.error : result).toBeInstanceOf(kind);
  });
});

describe("dns01.digitalocean", () => {
  it("wants a whole reference", () => {
    expect(solverFaults({ digitalocean: config })).toEqual([]);
    expect(solverFaults({ digitalocean: { tokenSecretRef: { name: "do" } } })).toEqual([
      "digitalocean.tokenSecretRef.key: Required value: secret key is required",
    ]);
    expect(solverFaults({ digitalocean: {} })).toHaveLength(2);
  });
});

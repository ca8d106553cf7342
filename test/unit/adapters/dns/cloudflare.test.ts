import { describe, expect, it } from "vitest";
import { cloudflare } from "../../../../adapters/dns/cloudflare.ts";
import { RateLimitedError, RefusedError, UnavailableError } from "../../../../core/errors.ts";
import type { RecordResult } from "../../../../core/ports.ts";
import { testDnsProvider } from "../../../contract/dns-provider.ts";
import { fakeCloudflare } from "../../../support/fake-cloudflare.ts";
import { recordApiWorld } from "../../../support/record-api-world.ts";
import { solverConfig, solverFaults } from "../../../support/solver-faults.ts";

const token = "v1.0-token";
const secrets = { "cf/token": `${token}\n`, "cf/key": "c0ffee", "cf/broken": "two\nlines" };
const byToken = { apiTokenSecretRef: { name: "cf", key: "token" } };
const byKey = { apiKeySecretRef: { name: "cf", key: "key" }, email: "ops@example.com" };
const withToken = (headers: Headers) =>
  headers.get("authorization") === `Bearer ${token}` && !headers.has("x-auth-key");
const withKey = (headers: Headers) =>
  headers.get("x-auth-key") === "c0ffee" &&
  headers.get("x-auth-email") === byKey.email &&
  !headers.has("authorization");
const world = (pending: string[] = []) =>
  recordApiWorld(fakeCloudflare(withToken, { pending }), cloudflare, byToken, secrets);
const record = { name: "_acme-challenge.www.one.test", value: "v" };

function errorOf(results: RecordResult[]): unknown {
  return results.map((result) => ("error" in result ? result.error : result))[0];
}

testDnsProvider("cloudflare by token, on the strict fake", () => world());

describe("cloudflare", () => {
  it("breaks nothing of the vendor's description", async () => {
    const { provider, broken } = world();
    const dns = await provider();
    await dns.publish([record, { name: "_acme-challenge.two.test", value: "w" }, record]);
    await (await provider()).publish([record]);
    await dns.cleanUp([record, record]);
    expect(broken).toEqual([]);
  });

  it("proves itself by key and e-mail address too", async () => {
    const { provider, store } = recordApiWorld(fakeCloudflare(withKey), cloudflare, byKey, secrets);
    await (await provider()).publish([record]);
    expect(store.records).toMatchObject([{ zone: "one.test", name: record.name, content: '"v"' }]);
  });

  it("publishes with one listing of zones and one call for each record, and looks at nothing before", async () => {
    const { provider, calls } = world();
    const names = Array.from({ length: 20 }, (_, index) => ({
      name: `_acme-challenge.h${index}.one.test`,
      value: "v",
    }));
    await (await provider()).publish(names);
    expect(calls.filter((call) => call.startsWith("GET"))).toEqual(["GET /zones"]);
    expect(calls).toHaveLength(21);
  });

  it("finds the longest zone, on any page, and none that Cloudflare does not serve", async () => {
    const { provider, store } = world(["www.one.test"]);
    store.zones.push(...Array.from({ length: 60 }, (_, index) => `z${index}.test`), "deep.one.test");
    const names = ["_acme-challenge.a.deep.one.test", "_acme-challenge.www.one.test", "_acme-challenge.z59.test"];
    await (await provider()).publish(names.map((name) => ({ name, value: "v" })));
    expect(store.records.map(({ zone }) => zone).sort()).toEqual(["deep.one.test", "one.test", "z59.test"]);
  });

  it("removes a value that was written without quotes, and only at this name", async () => {
    const { provider, store } = world();
    store.hold("one.test", record.name, "v");
    store.hold("one.test", "_acme-challenge.one.test", '"v"');
    await (await provider()).cleanUp([record]);
    expect(store.records.map(({ name }) => name)).toEqual(["_acme-challenge.one.test"]);
  });

  it("removes a value that stands behind a hundred others at its name", async () => {
    const { provider, store } = world();
    for (let other = 0; other < 120; other += 1) store.hold("one.test", record.name, `"other-${other}"`);
    store.hold("one.test", record.name, '"v"');
    expect(await (await provider()).cleanUp([record])).toMatchObject([{ change: expect.any(String) }]);
    expect(store.records).toHaveLength(120);
    expect(store.records.map(({ content }) => content)).not.toContain('"v"');
  });

  it("finds a record unchanged that somebody removes in between", async () => {
    const { provider, store, beforeNextSwap } = world();
    store.hold("one.test", record.name, '"v"');
    beforeNextSwap(async () => store.drop(1));
    expect(await (await provider()).cleanUp([record])).toEqual([{ record, unchanged: true }]);
  });

  it("says what Cloudflare refuses, in its words, and never the credential", async () => {
    const wrong = recordApiWorld(fakeCloudflare(withKey), cloudflare, byToken, secrets);
    const error = errorOf(await (await wrong.provider()).publish([record]));
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ reason: "CloudflareRefused", fix: expect.stringContaining("DNS Edit") });
    expect(String(error)).toContain("Cloudflare answered 403 to GET /zones: Invalid access token (9109)");
    expect(JSON.stringify(error)).not.toContain(token);
  });

  it("refuses a stored credential that cannot be one, without a word of it", async () => {
    const config = { apiTokenSecretRef: { name: "cf", key: "broken" } };
    const opened = recordApiWorld(fakeCloudflare(withToken), cloudflare, config, secrets).provider();
    await expect(opened).rejects.toMatchObject({ name: "RefusedError", reason: "DnsCredentialInvalid" });
    await expect(opened).rejects.not.toThrow("two");
  });

  it.each([
    ["waits as long as it is told", { status: 429, headers: { "retry-after": "120" } }, RateLimitedError],
    ["comes back after a 429 that says nothing", { status: 429 }, UnavailableError],
    ["comes back after a 502", { status: 502 }, UnavailableError],
    ["comes back when there is no answer", new Error("socket hang up"), UnavailableError],
  ])("%s", async (_, answer, kind) => {
    const troubled = world();
    troubled.answerInstead(() => answer);
    const error = errorOf(await (await troubled.provider()).publish([record]));
    expect(error).toBeInstanceOf(kind);
    if (error instanceof RateLimitedError) expect(error.retryAt).toEqual(new Date("2026-01-01T00:07:00Z"));
  });

  it("serves the neighbours of a record that is refused", async () => {
    const troubled = world();
    troubled.answerInstead((call) =>
      call.startsWith("POST") && troubled.calls.length === 2 ? { status: 400 } : undefined,
    );
    const results = await (await troubled.provider()).publish([record, { ...record, value: "w" }]);
    expect(results.map((result) => Object.keys(result)[1])).toEqual(["error", "change"]);
  });
});

describe("dns01.cloudflare", () => {
  const ref = { name: "cf", key: "token" };

  it.each<[string, object, string[]]>([
    ["takes a token", { apiTokenSecretRef: ref }, []],
    ["takes a token beside an e-mail address, which means nothing", { apiTokenSecretRef: ref, email: "a@b.c" }, []],
    ["takes a key with its e-mail address", { apiKeySecretRef: ref, email: "a@b.c" }, []],
    ["wants one of them", {}, ["cloudflare: Required value: apiKeySecretRef or apiTokenSecretRef is required"]],
    [
      "wants one of them only",
      { apiTokenSecretRef: ref, apiKeySecretRef: ref, email: "a@b.c" },
      ["cloudflare: Forbidden: apiKeySecretRef and apiTokenSecretRef cannot both be specified"],
    ],
    [
      "wants the key's e-mail address",
      { apiKeySecretRef: ref },
      ["cloudflare.email: Required value: the e-mail address of the key's account"],
    ],
    [
      "wants whole references",
      { apiTokenSecretRef: {} },
      [
        "cloudflare.apiTokenSecretRef.name: Required value: secret name is required",
        "cloudflare.apiTokenSecretRef.key: Required value: secret key is required",
      ],
    ],
  ])("%s", (_, fields, faults) => {
    expect(solverFaults({ cloudflare: fields })).toEqual(faults);
  });

  it("keeps the references, and never a value", () => {
    expect(solverConfig({ cloudflare: { apiTokenSecretRef: ref, email: "a@b.c" } })).toEqual({
      apiTokenSecretRef: ref,
    });
    expect(solverConfig({ cloudflare: { ...byKey } })).toEqual(byKey);
  });
});

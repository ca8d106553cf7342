import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { cloudDNS } from "../../../../adapters/dns/cloud-dns.ts";
import { RateLimitedError, UnavailableError } from "../../../../core/errors.ts";
import type { RecordResult } from "../../../../core/ports.ts";
import { testDnsProvider } from "../../../contract/dns-provider.ts";
import { type CloudDnsState, fakeCloudDns, idOf, keyFile } from "../../../support/fake-cloud-dns.ts";
import { recordSetWorld } from "../../../support/record-set-world.ts";
import { solverConfig, solverFaults } from "../../../support/solver-faults.ts";

const ref = { name: "google", key: "key.json" };
const name = "_acme-challenge.www.one.test";
const record = { name, value: "v" };
const otherKey = generateKeyPairSync("rsa", {
  modulusLength: 2_048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});

function world({
  more = [],
  text = keyFile,
  ...config
}: Partial<CloudDnsState> & { text?: string; hostedZoneName?: string } = {}) {
  const state: CloudDnsState = {
    more,
    cnames: new Set(),
    policies: new Set(),
    zonesPerPage: 100,
    tokens: 0,
    ...config,
  };
  const hostedZoneName = config.hostedZoneName && { hostedZoneName: config.hostedZoneName };
  const made = recordSetWorld((store, now) => fakeCloudDns(store, now, state), {
    adapter: cloudDNS,
    config: { project: "team-dns", serviceAccountSecretRef: ref, ...hostedZoneName },
    secrets: { "google/key.json": text },
  });
  return { ...made, state };
}

const errorOf = (results: RecordResult[]) => results.map((result) => ("error" in result ? result.error : result))[0];
const many = Array.from({ length: 50 }, (_, index) => ({
  name: `_acme-challenge.h${index}.one.test`,
  value: `v${index}`,
}));

testDnsProvider("cloudDNS on the strict fake", () => world());

describe("cloudDNS", () => {
  it("breaks nothing of the vendor's description", async () => {
    const { provider, broken, addForeign } = world();
    await addForeign(name, "foreign");
    const dns = await provider();
    const [result] = await dns.publish([record, { name: "_acme-challenge.two.test", value: "w" }, record]);
    await dns.settled([result && "change" in result ? result.change : ""]);
    await (await provider()).cleanUp([record, record]);
    expect(broken).toEqual([]);
  });

  it("publishes and removes a batch with one token, one listing of zones and one change, and looks at nothing before", async () => {
    const { provider, calls, store } = world();
    await (await provider()).publish(many);
    expect(store.sets.size).toBe(50);
    expect(new Set([...store.sets.values()].map(({ ttl }) => ttl))).toEqual(new Set([60]));
    expect(calls.map((call) => call.split("/").at(-1))).toEqual(["token", "managedZones", "changes"]);
    await (await provider()).cleanUp(many);
    expect(store.sets.size).toBe(0);
    expect(calls.slice(3).map((call) => call.split("/").at(-1))).toEqual(["token", "managedZones", "changes"]);
  });

  it("reads only the names that Google finds otherwise, and swaps them in one change, with their own TTL", async () => {
    const { provider, calls, store } = world();
    store.put("_acme-challenge.h7.one.test", ["foreign"], 777);
    await (await provider()).publish(many);
    expect(calls.slice(2).map((call) => call.split("/").at(-1))).toEqual(["changes", "rrsets", "changes"]);
    expect(store.sets.get("_acme-challenge.h7.one.test")).toMatchObject({ ttl: 777, values: ["foreign", "v7"] });
    await (await provider()).cleanUp(many);
    expect([...store.sets.values()]).toMatchObject([{ ttl: 777, values: ["foreign"] }]);
  });

  it("uses a token until its last minute", async () => {
    const { provider, state } = world();
    const dns = await provider();
    await Promise.all([dns.publish([record]), dns.publish([record])]);
    await dns.publish([record]);
    expect(state.tokens).toBeLessThanOrEqual(2);
  });

  it("finds the longest public zone, on any page", async () => {
    const { provider, store } = world({
      zonesPerPage: 1,
      more: [{ id: "hidden", dnsName: "www.one.test.", visibility: "private" }],
    });
    store.zones.unshift("deep.one.test");
    const results = await (await provider()).publish([{ name: "_acme-challenge.deep.one.test", value: "v" }, record]);
    expect(results).toMatchObject([
      { change: expect.stringMatching(/^deep-one-test\//) },
      { change: expect.stringMatching(/^one-test\//) },
    ]);
  });

  it("asks which of two zones of one name is meant, and takes the one that is named", async () => {
    const more = [{ id: "second", dnsName: "one.test.", visibility: "public" as const }];
    expect(errorOf(await (await world({ more }).provider()).publish([record]))).toMatchObject({
      reason: "HostedZoneAmbiguous",
      message: expect.stringContaining("one-test, second"),
      fix: expect.stringContaining("hostedZoneName"),
    });
    const named = world({ more, hostedZoneName: idOf("one.test") });
    expect(errorOf(await (await named.provider()).publish([record]))).toHaveProperty("change");
    expect(named.calls).not.toContain("GET /dns/v1/projects/team-dns/managedZones");
  });

  it.each([
    ["is not there", "gone", []],
    ["is private", "hidden", [{ id: "hidden", dnsName: "one.test.", visibility: "private" as const }]],
    ["does not hold the name", "two-test", []],
  ])("refuses a named zone that %s", async (_, hostedZoneName, more) => {
    const { provider } = world({ hostedZoneName, more });
    expect(errorOf(await (await provider()).publish([record]))).toMatchObject({ reason: "HostedZoneNotFound" });
    expect(await (await provider()).cleanUp([record])).toEqual([{ record, unchanged: true }]);
  });

  it("tells a CNAME and a routing policy at the name, and serves the neighbours", async () => {
    const { provider, state } = world();
    const names = ["a.one.test", "b.one.test", "c.one.test", "d.one.test"];
    state.cnames.add("b.one.test");
    state.policies.add("d.one.test");
    const dns = await provider();
    const results = await dns.publish(names.slice(0, 3).map((one) => ({ name: one, value: "v" })));
    expect(results.map((result) => ("error" in result ? result.error : "done"))).toMatchObject([
      "done",
      {
        name: "RefusedError",
        reason: "ChallengeNameTaken",
        message: expect.stringContaining("CNAME is at b.one.test"),
      },
      "done",
    ]);
  });

  it("forgets no record whose zone was deleted in between", async () => {
    const { provider, store } = world();
    const dns = await provider();
    await dns.publish([record]);
    store.zones.shift();
    expect(await dns.cleanUp([record])).toEqual([{ record, unchanged: true }]);
  });

  it.each([
    ["no JSON", "-----BEGIN"],
    ["no key file", JSON.stringify({ type: "authorized_user" })],
    ["a broken key", JSON.stringify({ client_email: "a@b.c", private_key: "-----BEGIN PRIVATE KEY-----\nAAAA\n" })],
  ])("refuses a stored secret that is %s, without a word of it", async (_, text) => {
    const opened = world({ text }).provider();
    await expect(opened).rejects.toMatchObject({ name: "RefusedError", reason: "DnsCredentialInvalid" });
    await expect(opened).rejects.not.toThrow("BEGIN");
  });

  it("says that Google does not accept the key, in its words", async () => {
    const text = JSON.stringify({ ...JSON.parse(keyFile), private_key: otherKey.privateKey });
    const error = errorOf(await (await world({ text }).provider()).publish([record]));
    expect(error).toMatchObject({
      reason: "CloudDNSRefused",
      message: expect.stringContaining("Invalid JWT Signature."),
    });
  });

  it("says what the service account may not do", async () => {
    const { provider, answerInstead } = world();
    const body = { error: { code: 403, message: "Forbidden", errors: [] } };
    answerInstead((call) => (call.endsWith("/changes") ? { status: 403, body } : undefined));
    const results = await (await provider()).publish([record, { name: `x.${name}`, value: "v" }]);
    expect(errorOf(results)).toMatchObject({
      reason: "CloudDNSRefused",
      fix: expect.stringContaining("DNS Administrator"),
    });
  });

  it.each([
    ["waits as long as it is told", { status: 429, headers: { "retry-after": "120" } }, RateLimitedError],
    ["comes back after a 503", { status: 503 }, UnavailableError],
    ["comes back when there is no answer", new Error("socket hang up"), UnavailableError],
  ])("%s", async (_, answer, kind) => {
    const troubled = world();
    troubled.answerInstead((call) => (call.endsWith("/token") ? undefined : answer));
    expect(errorOf(await (await troubled.provider()).publish([record]))).toBeInstanceOf(kind);
  });
});

describe("dns01.cloudDNS", () => {
  const why = "certwright does not run on Google Cloud, so no identity is there without it";

  it.each<[string, object, string[]]>([
    ["takes a project and a key", { project: "team-dns", serviceAccountSecretRef: ref }, []],
    ["takes a zone", { project: "example.com:team", hostedZoneName: "one-test", serviceAccountSecretRef: ref }, []],
    [
      "wants a project",
      { serviceAccountSecretRef: ref },
      ["cloudDNS.project: Required value: the Google Cloud project of the zones"],
    ],
    [
      "wants a project's id",
      { project: "a/b", serviceAccountSecretRef: ref },
      ['cloudDNS.project: Invalid value: "a/b": must be the id of a project'],
    ],
    ["wants a key", { project: "p" }, [`cloudDNS.serviceAccountSecretRef: Required value: ${why}`]],
    [
      "wants all of the key's reference",
      { project: "p", serviceAccountSecretRef: { name: "x" } },
      ["cloudDNS.serviceAccountSecretRef.key: Required value: secret key is required"],
    ],
    [
      "wants a managed zone's name",
      { project: "p", hostedZoneName: "one.test", serviceAccountSecretRef: ref },
      ['cloudDNS.hostedZoneName: Invalid value: "one.test": must be the name of a managed zone'],
    ],
  ])("%s", (_, fields, faults) => {
    expect(solverFaults({ cloudDNS: fields })).toEqual(faults);
  });

  it("keeps the reference, and never a value", () => {
    const fields = { project: "team-dns", hostedZoneName: "one-test", serviceAccountSecretRef: ref };
    expect(solverConfig({ cloudDNS: fields })).toEqual(fields);
  });
});

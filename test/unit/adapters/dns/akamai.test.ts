import { describe, expect, it } from "vitest";
import { edgeGridHeader } from "../../../../adapters/dns/akamai/edge-grid.ts";
import { akamai } from "../../../../adapters/dns/akamai.ts";
import { RateLimitedError, UnavailableError } from "../../../../core/errors.ts";
import type { RecordResult } from "../../../../core/ports.ts";
import { testDnsProvider } from "../../../contract/dns-provider.ts";
import { type AkamaiState, akamaiHost, akamaiSecrets, fakeAkamai } from "../../../support/fake-akamai.ts";
import { recordSetWorld } from "../../../support/record-set-world.ts";
import { solverConfig, solverFaults } from "../../../support/solver-faults.ts";

const ref = (key: string) => ({ name: "akamai", key });
const solver = {
  serviceConsumerDomain: akamaiHost,
  clientTokenSecretRef: ref("client"),
  clientSecretSecretRef: ref("secret"),
  accessTokenSecretRef: ref("access"),
};
const name = "_acme-challenge.www.one.test";
const record = { name, value: "v" };

function world(secrets: Record<string, string> = akamaiSecrets) {
  const state: AkamaiState = { cnames: new Set(), invalid: new Set(), lists: new Map(), nonces: new Set() };
  const made = recordSetWorld((store, now) => fakeAkamai(store, now, state), {
    adapter: akamai,
    config: solver,
    secrets,
  });
  return { ...made, state };
}

const errorOf = (results: RecordResult[]) => results.map((result) => ("error" in result ? result.error : result))[0];
const last = (calls: string[]) => calls.map((call) => `${call.split(" ")[0]} ${call.split("/").at(-1)}`);
const leftList = (minutesAgo: number) => ({
  version: "old",
  changes: new Map(),
  at: new Date(Date.UTC(2026, 0, 1, 0, 1 - minutesAgo)),
});

testDnsProvider("akamai on the strict fake", () => world());

describe("akamai", () => {
  it("breaks nothing of the vendor's description, and leaves no change list", async () => {
    const { provider, broken, addForeign, state } = world();
    await addForeign(name, "foreign");
    await (await provider()).publish([record, { name: "_acme-challenge.two.test", value: "x".repeat(300) }, record]);
    await (await provider()).publish([record]);
    await (await provider()).cleanUp([record, { name: "_acme-challenge.two.test", value: "x".repeat(300) }]);
    expect(broken).toEqual([]);
    expect(state.lists.size).toBe(0);
  });

  it("publishes a batch with one list, one look and one call for each name", async () => {
    const { provider, calls } = world();
    const names = Array.from({ length: 3 }, (_, index) => ({ name: `_acme-challenge.h${index}.one.test`, value: "v" }));
    await (await provider()).publish(names);
    expect(last(calls)).toEqual([
      "GET zones",
      "POST changelists",
      "GET recordsets",
      ...names.map(() => "POST add-change"),
      "POST submit",
    ]);
  });

  it("keeps the TTL of others", async () => {
    const { provider, store } = world();
    store.put(name, ["foreign"], 777);
    await (await provider()).publish([record]);
    expect(store.sets.get(name)).toMatchObject({ ttl: 777, values: ["foreign", "v"] });
  });

  it("reads all sets of a zone that holds many", async () => {
    const { provider, store } = world();
    for (let other = 0; other < 40; other += 1) store.put(`other-${other}.one.test`, ["foreign"], 60);
    store.put(name, ["foreign", "v"], 60);
    expect(await (await provider()).publish([record])).toEqual([{ record, unchanged: true }]);
    expect(await (await provider()).cleanUp([record])).toMatchObject([{ change: expect.any(String) }]);
    expect(store.sets.get(name)?.values).toEqual(["foreign"]);
  });

  it("finds the longest primary zone", async () => {
    const { provider, store } = world();
    store.zones.push(...Array.from({ length: 30 }, (_, index) => `z${index}.test`), "deep.one.test");
    const names = ["_acme-challenge.deep.one.test", name, "_acme-challenge.z29.test"];
    await (await provider()).publish(names.map((one) => ({ name: one, value: "v" })));
    expect([...store.sets.values()].map(({ zone }) => zone).sort()).toEqual(["deep.one.test", "one.test", "z29.test"]);
  });

  it("takes over a change list that was left for more than five minutes, and no other", async () => {
    const old = world();
    old.state.lists.set("one.test", leftList(6));
    expect(errorOf(await (await old.provider()).publish([record]))).toHaveProperty("change");
    const recent = world();
    recent.state.lists.set("one.test", leftList(4));
    expect(errorOf(await (await recent.provider()).publish([record]))).toMatchObject({
      name: "UnavailableError",
      reason: "AkamaiContention",
    });
    expect(recent.state.lists.get("one.test")).toEqual(leftList(4));
  });

  it("tells a CNAME at the name, and what the zone's check refuses, and serves the neighbours", async () => {
    const { provider, state, store } = world();
    state.cnames.add("b.one.test");
    state.invalid.add("d.one.test");
    const names = ["a.one.test", "b.one.test", "c.one.test", "d.one.test"];
    const results = await (await provider()).publish(names.map((one) => ({ name: one, value: "v" })));
    expect(results.map((result) => ("error" in result ? result.error : "done"))).toMatchObject([
      "done",
      { name: "RefusedError", reason: "ChallengeNameTaken" },
      "done",
      { name: "RefusedError", reason: "AkamaiRefused", message: expect.stringContaining("the zone is invalid") },
    ]);
    expect([...store.sets.keys()].sort()).toEqual(["a.one.test", "c.one.test"]);
    expect(state.lists.size).toBe(0);
  });

  it("drops its change list when something goes wrong", async () => {
    const { provider, state, answerInstead } = world();
    answerInstead((call) => (call.endsWith("add-change") ? { status: 503 } : undefined));
    expect(errorOf(await (await provider()).publish([record]))).toBeInstanceOf(UnavailableError);
    expect(state.lists.size).toBe(0);
  });

  it("says that Akamai does not accept the credentials, in its words, and never a secret", async () => {
    const { provider } = world({ ...akamaiSecrets, "akamai/secret": "d3Jvbmc=" });
    const error = errorOf(await (await provider()).publish([record]));
    expect(error).toMatchObject({
      reason: "AkamaiRefused",
      message: expect.stringContaining("The signature does not match"),
    });
    expect(JSON.stringify(error)).not.toContain("d3Jvbmc=");
  });

  it.each(["client", "secret", "access"])("refuses an empty %s", async (key) => {
    const opened = world({ ...akamaiSecrets, [`akamai/${key}`]: "" }).provider();
    await expect(opened).rejects.toMatchObject({ name: "RefusedError", reason: "DnsCredentialInvalid" });
  });

  it.each([
    ["waits as long as it is told", { status: 429, headers: { "retry-after": "120" } }, RateLimitedError],
    ["comes back after a 503", { status: 503 }, UnavailableError],
    ["comes back when there is no answer", new Error("socket hang up"), UnavailableError],
  ])("%s", async (_, answer, kind) => {
    const troubled = world();
    troubled.answerInstead(() => answer);
    expect(errorOf(await (await troubled.provider()).publish([record]))).toBeInstanceOf(kind);
  });
});

describe("an EdgeGrid signature", () => {
  // The vendor's own vectors: npm akamai-edgegrid 4.0.4, test/test_data.json; for POST, what its code makes of that request.
  const client = {
    clientToken: "akab-client-token-xxx-xxxxxxxxxxxxxxxx",
    clientSecret: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=",
    accessToken: "akab-access-token-xxx-xxxxxxxxxxxxxxxx",
  };
  const base = "https://akaa-baseurl-xxxxxxxxxxx-xxxxxxxxxxxxx.luna.akamaiapis.net";
  const now = new Date("2014-03-21T19:34:21Z");

  it.each([
    ["GET", "/", "", "tL+y4hxyHxgWVD30X3pWnGKHcPzmrIF+LThiAOhMxYU="],
    ["GET", "/testapi/v1/t1?p1=1&p2=2", "", "hKDH1UlnQySSHjvIcZpDMbQHihTQ0XyVAKZaApabdeA="],
    ["POST", "/testapi/v1/t3", "data".repeat(8), "hXm4iCxtpN22m4cbZb4lVLW5rhX8Ca82vCFqXzSTPe4="],
    ["PUT", "/testapi/v1/t6", "P".repeat(31), "GNBWEYSEWOLtu+7dD52da2C39aX/Jchpon3K/AmBqBU="],
  ])("of %s %s is Akamai's", (method, path, body, signature) => {
    const header = edgeGridHeader(
      client,
      { method, url: `${base}${path}`, body },
      now,
      "nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
    );
    expect(header).toBe(
      `EG1-HMAC-SHA256 client_token=${client.clientToken};access_token=${client.accessToken};timestamp=20140321T19:34:21+0000;nonce=nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx;signature=${signature}`,
    );
  });
});

describe("dns01.akamai", () => {
  it.each<[string, object, string[]]>([
    ["takes an API client", solver, []],
    [
      "wants its host",
      { ...solver, serviceConsumerDomain: "" },
      ["akamai.serviceConsumerDomain: Required value: the host of the API client"],
    ],
    ...["https://akab-1.luna.akamaiapis.net", "169.254.169.254", "akamaiapis.net.evil.test", "akamaiapis.net"].map(
      (host): [string, object, string[]] => [
        `wants Akamai's host, not ${host}`,
        { ...solver, serviceConsumerDomain: host },
        [`akamai.serviceConsumerDomain: Invalid value: "${host}": must be a host of akamaiapis.net`],
      ],
    ),
    [
      "wants its tokens and secret",
      { serviceConsumerDomain: akamaiHost },
      ["clientToken", "clientSecret", "accessToken"].flatMap((field) => [
        `akamai.${field}SecretRef.name: Required value: secret name is required`,
        `akamai.${field}SecretRef.key: Required value: secret key is required`,
      ]),
    ],
  ])("%s", (_, fields, faults) => {
    expect(solverFaults({ akamai: fields })).toEqual(faults);
  });

  it("keeps the references, and never a value", () => {
    expect(solverConfig({ akamai: solver })).toEqual(solver);
  });
});

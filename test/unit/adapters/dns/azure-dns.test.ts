import { describe, expect, it } from "vitest";
import type { AzureDnsSolver } from "../../../../adapters/dns/azure-dns/solver.ts";
import { azureDNS } from "../../../../adapters/dns/azure-dns.ts";
import { RateLimitedError, UnavailableError } from "../../../../core/errors.ts";
import type { RecordResult } from "../../../../core/ports.ts";
import { testDnsProvider } from "../../../contract/dns-provider.ts";
import {
  type AzureState,
  azureSecret,
  azureSolver,
  fakeAzureDns,
  publicCloud,
} from "../../../support/fake-azure-dns.ts";
import { recordSetWorld } from "../../../support/record-set-world.ts";
import { solverConfig, solverFaults } from "../../../support/solver-faults.ts";

const name = "_acme-challenge.www.one.test";
const record = { name, value: "v" };

interface Wished extends Partial<AzureState> {
  secret?: string;
  solver?: Partial<AzureDnsSolver>;
  cloud?: typeof publicCloud;
}

function world({ secret = azureSecret, solver = {}, cloud = publicCloud, ...wished }: Wished = {}) {
  const state: AzureState = {
    cnames: new Set(),
    metadata: new Map(),
    zonesPerPage: 100,
    nextHost: publicCloud.management,
    conditions: [],
    tokens: 0,
    ...wished,
  };
  const made = recordSetWorld((store, now) => fakeAzureDns(store, now, state, cloud), {
    adapter: azureDNS,
    config: { ...azureSolver, ...solver },
    secrets: { "azure/secret": `${secret}\n` },
  });
  return { ...made, state };
}

const errorOf = (results: RecordResult[]) => results.map((result) => ("error" in result ? result.error : result))[0];
const last = (calls: string[]) => calls.map((call) => `${call.split(" ")[0]} ${call.split("/").at(-1)}`);

testDnsProvider("azureDNS on the strict fake", () => world());

describe("azureDNS", () => {
  it("breaks nothing of the vendor's description", async () => {
    const { provider, broken, addForeign } = world();
    await addForeign(name, "foreign");
    await (await provider()).publish([record, { name: "two.test", value: "x".repeat(300) }, record]);
    await (await provider()).cleanUp([record, { name: "two.test", value: "x".repeat(300) }]);
    expect(broken).toEqual([]);
  });

  it("creates without a look, and never writes without a condition", async () => {
    const { provider, calls, state } = world();
    const names = Array.from({ length: 3 }, (_, index) => ({ name: `_acme-challenge.h${index}.one.test`, value: "v" }));
    await (await provider()).publish(names);
    expect(last(calls).sort()).toEqual(
      ["GET dnsZones", ...names.map((one) => `PUT ${one.name.slice(0, -".one.test".length)}`), "POST token"].sort(),
    );
    await (await provider()).cleanUp(names);
    expect(state.conditions).toEqual([...names.map(() => "none-match *"), ...names.map(() => "match")]);
  });

  it("keeps the TTL and the metadata of others", async () => {
    const { provider, store, state } = world();
    store.put(name, ["foreign"], 777);
    state.metadata.set(name, { owner: "team" });
    await (await provider()).publish([record]);
    expect(store.sets.get(name)).toMatchObject({ ttl: 777, values: ["foreign", "v"] });
    expect(state.metadata.get(name)).toEqual({ owner: "team" });
  });

  it("finds the longest public zone, on any page, and the zone's own name", async () => {
    const { provider, store } = world({ zonesPerPage: 1 });
    store.zones.push("deep.one.test");
    await (await provider()).publish([
      { name: "deep.one.test", value: "v" },
      { name: "_acme-challenge.one.test", value: "v" },
      record,
    ]);
    expect([...store.sets.keys()].sort()).toEqual(["_acme-challenge.one.test", name, "deep.one.test"]);
  });

  it("follows no list of zones to another host", async () => {
    const { provider, calls } = world({ zonesPerPage: 1, nextHost: "https://management.azure.com.evil.test" });
    expect(errorOf(await (await provider()).publish([record]))).toMatchObject({ reason: "AzureDNSRefused" });
    expect(calls).toHaveLength(2);
  });

  it("looks for no zone when one is named, and refuses what it does not hold", async () => {
    const { provider, calls } = world({ solver: { hostedZoneName: "one.test" } });
    const [one, two] = await (await provider()).publish([record, { name: "_acme-challenge.two.test", value: "v" }]);
    expect(one).toHaveProperty("change");
    expect(two).toMatchObject({ error: { reason: "HostedZoneNotFound" } });
    expect(last(calls)).not.toContain("GET dnsZones");
  });

  it("tells that the named zone is gone, where nothing is to be cleaned up", async () => {
    const { provider } = world({ solver: { hostedZoneName: "gone.test" } });
    const lost = { name: "_acme-challenge.gone.test", value: "v" };
    expect(errorOf(await (await provider()).publish([lost]))).toMatchObject({ reason: "HostedZoneNotFound" });
    expect(await (await provider()).cleanUp([lost])).toEqual([{ record: lost, unchanged: true }]);
  });

  it("tells a CNAME at the name, and serves the neighbours", async () => {
    const { provider, state } = world();
    state.cnames.add("b.one.test");
    const names = ["a.one.test", "b.one.test", "c.one.test"];
    const results = await (await provider()).publish(names.map((one) => ({ name: one, value: "v" })));
    expect(results.map((result) => ("error" in result ? result.error : "done"))).toMatchObject([
      "done",
      { name: "RefusedError", reason: "ChallengeNameTaken" },
      "done",
    ]);
  });

  it.each([
    ["AzureChinaCloud", { login: "https://login.chinacloudapi.cn", management: "https://management.chinacloudapi.cn" }],
    [
      "AzureUSGovernmentCloud",
      { login: "https://login.microsoftonline.us", management: "https://management.usgovcloudapi.net" },
    ],
  ] as const)("signs in to %s there", async (environment, cloud) => {
    const { provider } = world({ solver: { environment }, cloud });
    expect(errorOf(await (await provider()).publish([record]))).toHaveProperty("change");
  });

  it("says that Azure does not accept the secret, in its words, and never the secret", async () => {
    const { provider } = world({ secret: "wr0ng" });
    const error = errorOf(await (await provider()).publish([record]));
    expect(error).toMatchObject({
      reason: "AzureDNSRefused",
      message: expect.stringMatching(/AADSTS7000215: .*provided\.$/),
    });
    expect(String(error)).not.toContain("wr0ng");
  });

  it("says what the service principal may not do", async () => {
    const { provider, answerInstead } = world();
    const body = { error: { code: "AuthorizationFailed", message: "The client does not have authorization." } };
    answerInstead((call) => (call.startsWith("PUT") ? { status: 403, body } : undefined));
    expect(errorOf(await (await provider()).publish([record]))).toMatchObject({
      reason: "AzureDNSRefused",
      message: expect.stringContaining("AuthorizationFailed: The client does not have authorization."),
      fix: expect.stringContaining("DNS Zone Contributor"),
    });
  });

  it("uses a token until its last minute", async () => {
    const { provider, state } = world();
    const dns = await provider();
    for (const value of ["a", "b", "c"]) await dns.publish([{ name, value }]);
    expect(state.tokens).toBe(1);
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

describe("dns01.azureDNS", () => {
  const { environment: _, ...fields } = azureSolver;
  const without = (field: keyof typeof fields) =>
    Object.fromEntries(Object.entries(fields).filter(([key]) => key !== field));

  it.each<[string, object, string[]]>([
    ["takes a service principal", fields, []],
    ["takes a zone and a cloud", { ...fields, hostedZoneName: "One.test.", environment: "AzureChinaCloud" }, []],
    [
      "wants a subscription",
      without("subscriptionID"),
      ["azureDNS.subscriptionID: Required value: the subscription of the DNS zones"],
    ],
    [
      "wants a resource group",
      without("resourceGroupName"),
      ["azureDNS.resourceGroupName: Required value: the resource group of the DNS zones"],
    ],
    ["wants an application", without("clientID"), ["azureDNS.clientID: Required value: the application that signs in"]],
    [
      "wants a tenant",
      without("tenantID"),
      ["azureDNS.tenantID: Required value: the tenant that the application signs in to"],
    ],
    [
      "wants a secret",
      without("clientSecretSecretRef"),
      [
        "azureDNS.clientSecretSecretRef.name: Required value: secret name is required",
        "azureDNS.clientSecretSecretRef.key: Required value: secret key is required",
      ],
    ],
    [
      "wants what fits into a URL",
      { ...fields, subscriptionID: "a/b", resourceGroupName: "../x", tenantID: "a/b", hostedZoneName: "one" },
      [
        'azureDNS.hostedZoneName: Invalid value: "one": must be the DNS name of a zone',
        'azureDNS.subscriptionID: Invalid value: "a/b": must be a GUID',
        'azureDNS.resourceGroupName: Invalid value: "../x": must be the name of a resource group',
        'azureDNS.tenantID: Invalid value: "a/b": must be the id or domain of a tenant',
      ],
    ],
    [
      "knows no other cloud",
      { ...fields, environment: "AzureMoonCloud" },
      [
        'azureDNS.environment: Unsupported value: "AzureMoonCloud": supported values: "AzurePublicCloud", "AzureChinaCloud", "AzureUSGovernmentCloud"',
      ],
    ],
    [
      "knows that Germany's cloud is closed",
      { ...fields, environment: "AzureGermanCloud" },
      ["azureDNS.environment: Forbidden: Microsoft closed this cloud in 2021"],
    ],
    [
      "has no identity of its own in Azure",
      { ...fields, managedIdentity: {} },
      ["azureDNS.managedIdentity: Forbidden: not supported by this version of certwright"],
    ],
  ])("%s", (_, given, faults) => {
    expect(solverFaults({ azureDNS: given })).toEqual(faults);
  });

  it("keeps the reference, and the zone as DNS compares it", () => {
    expect(solverConfig({ azureDNS: { ...fields, hostedZoneName: "One.test." } })).toEqual({
      ...azureSolver,
      hostedZoneName: "one.test",
    });
  });
});

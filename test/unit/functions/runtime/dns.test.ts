import { describe, expect, it } from "vitest";
import type { DnsAccess, DnsAdapters } from "../../../../core/dns-adapter.ts";
import { RefusedError } from "../../../../core/errors.ts";
import type { DnsProvider, SecretStore } from "../../../../core/ports.ts";
import type { IssuerRow } from "../../../../core/rows.ts";
import { dnsProviders } from "../../../../functions/runtime/dns.ts";
import { withoutDns } from "../../../support/memory-lookup.ts";
import { newIssuer } from "../../../support/realistic-rows.ts";

const provider: DnsProvider = {
  publish: async () => [],
  cleanUp: async () => [],
  settled: async () => new Map(),
};
const adapter = {
  solver: { table: {}, read: () => ({}) },
  permissions: () => ({ publish: [], settled: [], cleanUp: [] }),
};

/** The runtime's `dns` with one provider, `mine`, that does `open` with what it is lent. */
function runtime(open: (config: unknown, access: DnsAccess) => Promise<unknown>, more: { readsSecrets?: true } = {}) {
  let now = Date.parse("2026-01-01T00:00:00Z");
  let opened = 0;
  const create = async (config: unknown, access: DnsAccess) => {
    opened += 1;
    await open(config, access);
    return provider;
  };
  const adapters: DnsAdapters = { mine: { ...adapter, ...more, create } };
  const store = { read: async (name: string) => ({ value: JSON.stringify({ token: `token of ${name}` }) }) };
  const world = {
    instance: "certwright",
    client: { customUserAgent: [["certwright-test", "1"]] as [string, string][] },
    clock: { now: () => new Date(now) },
    allowedPrivateHosts: [],
    ...withoutDns,
    store: async () => store as unknown as SecretStore,
  };
  const { dns } = dnsProviders(world, adapters);
  const later = (ms: number) => {
    now += ms;
  };
  return { dns, opened: () => opened, later };
}

function issuerOf(
  kind: "Issuer" | "ClusterIssuer",
  provided: Record<string, unknown> = { mine: { zone: 7 } },
): IssuerRow {
  const row = newIssuer();
  const namespace = kind === "Issuer" ? "web" : "_cluster";
  const spec = { acme: { solvers: [{ dns01: provided }] } };
  return { ...row, key: { namespace, kind, name: "mine" }, spec };
}

describe("the DNS provider behind an issuer's solver", () => {
  it("is made by the adapter that the solver names, from the config that it read", async () => {
    const seen: unknown[] = [];
    const { dns } = runtime(async (config) => seen.push(config));
    expect(await dns(issuerOf("ClusterIssuer"), 0)).toBe(provider);
    expect(seen).toEqual([{ zone: 7 }]);
  });

  it("is made once while the function is warm", async () => {
    const { dns, opened, later } = runtime(async () => undefined);
    await dns(issuerOf("ClusterIssuer"), 0);
    later(86_400_000);
    await dns(issuerOf("ClusterIssuer"), 0);
    expect(opened()).toBe(1);
  });

  it("is made again after five minutes when it read a secret, which may have been replaced", async () => {
    const { dns, opened, later } = runtime(async () => undefined, { readsSecrets: true });
    for (const ms of [0, 4 * 60_000, 2 * 60_000]) {
      later(ms);
      await dns(issuerOf("ClusterIssuer"), 0);
    }
    expect(opened()).toBe(2);
  });

  it("is tried again after it could not be made", async () => {
    let fails = true;
    const { dns, opened } = runtime(async () => (fails ? Promise.reject(new Error("no")) : undefined));
    await expect(dns(issuerOf("ClusterIssuer"), 0)).rejects.toThrow("no");
    fails = false;
    expect(await dns(issuerOf("ClusterIssuer"), 0)).toBe(provider);
    expect(opened()).toBe(2);
  });

  it.each([
    ["Issuer", "certwright/web/dns"],
    ["ClusterIssuer", "certwright/_cluster/dns"],
  ] as const)("reads secrets of its %s's namespace only", async (kind, name) => {
    const seen: string[] = [];
    const { dns } = runtime(async (_, { secret }) => seen.push(await secret({ name: "dns", key: "token" })));
    await dns(issuerOf(kind), 0);
    expect(seen).toEqual([`token of ${name}`]);
  });

  it("has the installation's own rights for a ClusterIssuer", async () => {
    const seen: unknown[] = [];
    const { dns } = runtime(async (_, { aws }) => seen.push(await aws(undefined)));
    await dns(issuerOf("ClusterIssuer"), 0);
    expect(seen).toEqual([{ customUserAgent: [["certwright-test", "1"]] }]);
  });

  it("is refused them for an Issuer", async () => {
    const { dns } = runtime((_, { aws }) => aws(undefined));
    const refused = dns(issuerOf("Issuer"), 0);
    await expect(refused).rejects.toBeInstanceOf(RefusedError);
    await expect(refused).rejects.toMatchObject({ reason: "RoleMissing" });
  });

  it.each([
    ["a solver that is gone", issuerOf("ClusterIssuer"), 1],
    ["a provider that this version does not have", issuerOf("ClusterIssuer", { toString: {} }), 0],
  ] as const)("is a RangeError for %s", async (_, issuer, index) => {
    const { dns } = runtime(async () => undefined);
    await expect(dns(issuer, index)).rejects.toBeInstanceOf(RangeError);
  });
});

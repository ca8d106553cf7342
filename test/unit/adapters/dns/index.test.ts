import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { dnsPermissions, dnsProviders, isDnsProvider, loadDnsProvider } from "../../../../adapters/dns/index.ts";

describe("the registry of DNS providers", () => {
  it("names every provider file and has permissions for each", () => {
    const files = readdirSync(join(import.meta.dirname, "../../../../adapters/dns")).filter(
      (file) => file.endsWith(".ts") && file !== "index.ts",
    );
    expect(Object.keys(dnsProviders)).toEqual(files.map((file) => basename(file, ".ts")));
    expect(Object.keys(dnsPermissions)).toEqual(Object.keys(dnsProviders));
  });

  it("loads a provider with its config schema", async () => {
    const { config, permissions } = await loadDnsProvider("route53");
    expect(permissions).toBe(dnsPermissions.route53);
    const solver = { hostedZoneID: "Z123", region: "eu-west-1", role: "arn:aws:iam::1:role/certwright-dns" };
    expect(z.parse(config, solver)).toEqual({ hostedZoneID: "Z123", region: "eu-west-1" });
    expect(z.safeParse(config, { hostedZoneID: "not a zone" }).success).toBe(false);
  });

  it("knows what it has", () => {
    expect(["route53", "cloudflare", "toString"].map(isDnsProvider)).toEqual([true, false, false]);
  });
});

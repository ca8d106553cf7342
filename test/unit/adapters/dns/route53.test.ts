import { describe, expect, it } from "vitest";
import { route53 } from "../../../../adapters/dns/route53.ts";
import { UnavailableError } from "../../../../core/errors.ts";
import { challenge, clock, failed, many, providerOn } from "../../../support/challenges.ts";
import { fakeRoute53 } from "../../../support/fake-route53.ts";
import { withoutDns } from "../../../support/memory-lookup.ts";

describe("call economy", () => {
  it("publishes 50 records of one zone with one listing and one change, and cleans them with one change", async () => {
    const aws = fakeRoute53();
    const zone = aws.addZone("example.com");
    const dns = providerOn(aws);
    const results = await dns.publish(many(50, "example.com"));
    expect(aws.calls.map(({ action }) => action)).toEqual(["ListHostedZones", "ChangeResourceRecordSets"]);
    expect(new Set(results.map((result) => "change" in result && result.change)).size).toBe(1);
    expect(aws.allSets(zone)).toHaveLength(50);
    await providerOn(aws).cleanUp(many(50, "example.com"));
    expect(aws.calls.slice(2).map(({ action }) => action)).toEqual(["ChangeResourceRecordSets"]);
    expect(aws.allSets(zone)).toEqual([]);
  });

  it("puts 711 challenge values into one change and the 712th into a second", async () => {
    const aws = fakeRoute53();
    const zone = aws.addZone("example.com");
    await providerOn(aws).publish(many(712, "example.com"));
    const sizes = aws.calls
      .filter(({ action }) => action === "ChangeResourceRecordSets")
      .map((call) => call.changes.length);
    expect(sizes).toEqual([711, 1]);
    expect(aws.allSets(zone)).toHaveLength(712);
    await providerOn(aws).cleanUp(many(712, "example.com"));
    expect(aws.allSets(zone)).toEqual([]);
  });

  it("counts elements, too: 1,001 short values are two changes", async () => {
    const aws = fakeRoute53();
    aws.addZone("example.com");
    const short = Array.from({ length: 1_001 }, (_, index) => challenge(`h${index}.example.com`, "v"));
    expect(failed(await providerOn(aws).publish(short))).toEqual([]);
    expect(aws.count("ChangeResourceRecordSets")).toBe(2);
  });

  it("reads only the name that is taken and swaps it with the others in one change", async () => {
    const aws = fakeRoute53();
    const zone = aws.addZone("example.com");
    const foreign = { Name: "_acme-challenge.host7.example.com", Type: "TXT" as const, TTL: 300 };
    aws.put(zone, { ...foreign, ResourceRecords: [{ Value: '"foreign"' }] });
    expect(failed(await providerOn(aws).publish(many(50, "example.com")))).toEqual([]);
    expect(aws.calls.slice(1).map(({ action }) => action)).toEqual([
      "ChangeResourceRecordSets",
      "ListResourceRecordSets",
      "ChangeResourceRecordSets",
    ]);
    expect(aws.setsAt(zone, foreign.Name)).toMatchObject([{ TTL: 300, ResourceRecords: [{ Value: '"foreign"' }, {}] }]);
    await providerOn(aws).cleanUp(many(50, "example.com"));
    expect(aws.allSets(zone)).toMatchObject([{ TTL: 300, ResourceRecords: [{ Value: '"foreign"' }] }]);
  });

  it("needs no change when all is there", async () => {
    const aws = fakeRoute53();
    aws.addZone("example.com");
    await providerOn(aws).publish(many(3, "example.com"));
    const again = await providerOn(aws).publish(many(3, "example.com"));
    expect(again.every((result) => "unchanged" in result)).toBe(true);
    expect(aws.count("ChangeResourceRecordSets")).toBe(2);
    expect(aws.count("ListResourceRecordSets")).toBe(3);
  });
});

describe("settled", () => {
  it("asks once for each change, however often it is named", async () => {
    const aws = fakeRoute53({ pendingReads: 2 });
    aws.addZone("example.com");
    const dns = providerOn(aws);
    const [result] = await dns.publish([challenge("example.com")]);
    const change = result && "change" in result ? result.change : "";
    expect(await dns.settled([change, change])).toEqual(new Map([[change, false]]));
    expect(aws.count("GetChange")).toBe(1);
    expect([...(await dns.settled([change])).values(), ...(await dns.settled([change])).values()]).toEqual([
      false,
      true,
    ]);
  });

  it("does not know yet what was throttled, and throws when all was", async () => {
    const aws = fakeRoute53({ pendingReads: 0 });
    aws.throttle("GetChange", 1);
    const dns = providerOn(aws);
    expect([...(await dns.settled(["C1", "C2"])).values()].sort()).toEqual([false, true]);
    aws.throttle("GetChange", 2);
    await expect(dns.settled(["C1", "C2"])).rejects.toBeInstanceOf(UnavailableError);
  });

  it("names the right that is missing", async () => {
    const aws = fakeRoute53();
    aws.deny("GetChange");
    await expect(providerOn(aws).settled(["C1"])).rejects.toMatchObject({
      name: "RefusedError",
      reason: "Route53AccessDenied",
    });
  });
});

describe("opened for an issuer", () => {
  it("makes its client with the solver's role and region, and loads it only then", async () => {
    const roles: (string | undefined)[] = [];
    const aws = async (role: string | undefined) => {
      roles.push(role);
      return { customUserAgent: [] };
    };
    const secret = () => Promise.reject(new Error("no secret is read"));
    const access = { aws, clock, fetch, secret, allowedPrivateHosts: [], ...withoutDns };
    const role = "arn:aws:iam::123456789012:role/certwright-dns";
    const provider = await route53.create({ role, region: "us-east-1", hostedZoneID: "Z1" }, access);
    expect(roles).toEqual([role]);
    expect(await provider.publish([])).toEqual([]);
    expect(await provider.settled([])).toEqual(new Map());
  });
});

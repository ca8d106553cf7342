import { describe, expect, it } from "vitest";
import { route53Records } from "../../../../../adapters/dns/route53/records.ts";
import { RefusedError, UnavailableError } from "../../../../../core/errors.ts";
import { challenge, errorsOf, failed, providerOn } from "../../../../support/challenges.ts";
import { fakeRoute53 } from "../../../../support/fake-route53.ts";
import { memoryLookup, withoutDns } from "../../../../support/memory-lookup.ts";

describe("zones", () => {
  it("writes into the longest public suffix; private zones and look-alikes do not count", async () => {
    const aws = fakeRoute53({ zonesPerPage: 2 });
    const parent = aws.addZone("example.com");
    aws.addZone("ple.com");
    aws.addZone("team.example.com", true);
    const child = aws.addZone("web.example.com");
    aws.addZone("ww.example.com");
    const records = ["example.com", "web.example.com", "a.web.example.com", "www.example.com", "a.team.example.com"];
    expect(failed(await providerOn(aws).publish(records.map((host) => challenge(host))))).toEqual([]);
    expect(aws.allSets(parent).map(({ Name }) => Name)).toEqual([
      "_acme-challenge.example.com.",
      "_acme-challenge.www.example.com.",
      "_acme-challenge.a.team.example.com.",
    ]);
    expect(aws.allSets(child).map(({ Name }) => Name)).toEqual([
      "_acme-challenge.web.example.com.",
      "_acme-challenge.a.web.example.com.",
    ]);
    expect(aws.count("ListHostedZones")).toBe(3);
  });

  it("refuses to guess between two zones of one name, names them, and obeys hostedZoneID", async () => {
    const aws = fakeRoute53();
    const first = aws.addZone("example.com");
    const second = aws.addZone("example.com");
    const other = aws.addZone("example.org");
    const records = [challenge("example.com"), challenge("example.org")];
    const [error, none] = errorsOf(await providerOn(aws).publish(records));
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ reason: "HostedZoneAmbiguous", fix: expect.stringContaining("hostedZoneID") });
    expect(error?.message).toContain(`${first}, ${second}`);
    expect(none).toBeUndefined();
    expect(aws.allSets(other)).toHaveLength(1);
    const listings = aws.count("ListHostedZones");
    const chosen = providerOn(aws, `/hostedzone/${second}`);
    expect(failed(await chosen.publish([challenge("example.com")]))).toEqual([]);
    expect(aws.allSets(second)).toHaveLength(1);
    expect(aws.allSets(first)).toEqual([]);
    expect(aws.count("ListHostedZones")).toBe(listings);
  });

  it("tells two zones of one name apart by the name servers that the world is sent to", async () => {
    const aws = fakeRoute53();
    const ids = [aws.addZone("example.com"), aws.addZone("example.com")];
    const servers = (...names: string[]) => ({
      Name: "example.com.",
      Type: "NS" as const,
      TTL: 60,
      ResourceRecords: names.map((Value) => ({ Value })),
    });
    aws.put(ids[0] ?? "", servers("ns-1.awsdns-1.com.", "ns-2.awsdns-2.net."));
    aws.put(ids[1] ?? "", servers("NS2.example.com.", "ns-4.awsdns-4.co.uk."));
    const lookup = memoryLookup({ zones: ["example.com"] });
    const dns = providerOn(aws, undefined, { lookup, validationZones: [] });
    expect(failed(await dns.publish([challenge("example.com"), challenge("www.example.com")]))).toEqual([]);
    expect(aws.setsAt(ids[1] ?? "", "_acme-challenge.www.example.com")).toHaveLength(1);
    expect(aws.setsAt(ids[0] ?? "", "_acme-challenge.www.example.com")).toEqual([]);
    aws.put(ids[0] ?? "", servers("ns1.example.com."));
    const [error] = errorsOf(await dns.publish([challenge("b.example.com")]));
    expect(error).toMatchObject({
      reason: "HostedZoneAmbiguous",
      message: expect.stringContaining("ns1.example.com, ns2.example.com"),
    });
  });

  it("says which private zones it passed over", async () => {
    const aws = fakeRoute53();
    const id = aws.addZone("example.com", true);
    const [error] = errorsOf(await providerOn(aws).publish([challenge("www.example.com")]));
    expect(error?.message).toContain(`Private zones were passed over, because no CA can see them: example.com (${id})`);
  });

  it("names the CNAME that hands a name of others over to a validation zone, the same each time", async () => {
    const aws = fakeRoute53();
    aws.addZone("other.example.net");
    const id = aws.addZone("validation.example.net");
    const dns = providerOn(aws, undefined, { ...withoutDns, validationZones: [id] });
    const fixes = [challenge("www.example.com"), challenge("example.org"), challenge("www.example.com")].map(
      async (one) => {
        const [error] = errorsOf(await dns.publish([one]));
        return (error as RefusedError).fix;
      },
    );
    const [first, other, again] = await Promise.all(fixes);
    expect(first).toMatch(
      /create the record _acme-challenge\.www\.example\.com CNAME [0-9a-f]{32}\.validation\.example\.net .* cnameStrategy: Follow/,
    );
    expect(again).toBe(first);
    expect(other?.match(/[0-9a-f]{32}/)?.[0]).not.toBe(first?.match(/[0-9a-f]{32}/)?.[0]);
    const [none] = errorsOf(await providerOn(aws).publish([challenge("www.example.com")]));
    expect((none as RefusedError).fix).not.toContain("CNAME");
  });

  it("keeps the listing five minutes, but looks again at once for a name without a zone", async () => {
    const aws = fakeRoute53();
    aws.addZone("example.com");
    let now = 0;
    const dns = route53Records({}, { client: aws.client, clock: { now: () => new Date(now) }, ...withoutDns });
    await dns.publish([challenge("a.example.com")]);
    now += 299_000;
    await dns.publish([challenge("b.example.com")]);
    expect(aws.count("ListHostedZones")).toBe(1);
    aws.addZone("example.org");
    expect(failed(await dns.publish([challenge("example.org")]))).toEqual([]);
    expect(aws.count("ListHostedZones")).toBe(2);
    now += 300_000;
    await dns.publish([challenge("c.example.com")]);
    expect(aws.count("ListHostedZones")).toBe(3);
    expect(errorsOf(await dns.publish([challenge("example.net")]))).toMatchObject([{ reason: "HostedZoneNotFound" }]);
    expect(aws.count("ListHostedZones")).toBe(4);
  });

  it("does not keep a listing that failed", async () => {
    const aws = fakeRoute53();
    aws.addZone("example.com");
    aws.throttle("ListHostedZones", 1);
    const dns = providerOn(aws);
    expect(errorsOf(await dns.publish([challenge("example.com")]))[0]).toBeInstanceOf(UnavailableError);
    expect(failed(await dns.publish([challenge("example.com")]))).toEqual([]);
  });

  it("says which zone is unknown, and finds nothing to clean in it", async () => {
    const aws = fakeRoute53();
    const dns = providerOn(aws, "Z0GONE");
    const results = await dns.publish([challenge("example.com")]);
    expect(errorsOf(results)).toMatchObject([
      { reason: "HostedZoneNotFound", message: expect.stringContaining("Z0GONE") },
    ]);
    expect(await dns.cleanUp([challenge("example.com")])).toMatchObject([{ unchanged: true }]);
  });
});

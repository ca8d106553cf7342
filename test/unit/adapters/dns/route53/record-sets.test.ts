import { describe, expect, it } from "vitest";
import { RefusedError } from "../../../../../core/errors.ts";
import { challenge, errorsOf, failed, many, providerOn } from "../../../../support/challenges.ts";
import { fakeRoute53 } from "../../../../support/fake-route53.ts";

describe("what a name may hold", () => {
  const name = "_acme-challenge.example.com";

  function holding(...sets: object[]) {
    const aws = fakeRoute53();
    const zone = aws.addZone("example.com");
    for (const set of sets) aws.put(zone, { Name: name, Type: "TXT", TTL: 60, ...set });
    return { aws, zone, dns: providerOn(aws) };
  }

  it("puts one more multivalue record beside cert-manager's and removes just that", async () => {
    const theirs = { SetIdentifier: '"theirs"', MultiValueAnswer: true, ResourceRecords: [{ Value: '"theirs"' }] };
    const { aws, zone, dns } = holding(theirs);
    const records = [challenge("example.com", "one"), challenge("example.com", "two")];
    expect(failed(await dns.publish(records))).toEqual([]);
    expect(aws.setsAt(zone, name).map((set) => [set.SetIdentifier, set.TTL, set.MultiValueAnswer])).toEqual([
      ['"theirs"', 60, true],
      ["one", 60, true],
      ["two", 60, true],
    ]);
    expect(failed(await dns.cleanUp(records))).toEqual([]);
    expect(aws.setsAt(zone, name)).toMatchObject([theirs]);
  });

  it("reads multivalue records beyond the first page", async () => {
    const sets = Array.from({ length: 45 }, (_, index) => {
      const value = `"v${String(index).padStart(2, "0")}"`;
      return { SetIdentifier: value, MultiValueAnswer: true, ResourceRecords: [{ Value: value }] };
    });
    const { aws, zone, dns } = holding(...sets);
    expect(await dns.publish([challenge("example.com", "v44")])).toMatchObject([{ unchanged: true }]);
    expect(aws.count("ListResourceRecordSets")).toBe(3);
    expect(await dns.cleanUp([challenge("example.com", "v44")])).toMatchObject([{ change: expect.any(String) }]);
    expect(aws.setsAt(zone, name)).toHaveLength(44);
  });

  it("adds to every weighted record, keeping weight and TTL, and takes it out again", async () => {
    const heavy = { SetIdentifier: "a", Weight: 90, ResourceRecords: [{ Value: '"a"' }] };
    const light = { SetIdentifier: "b", Weight: 10, ResourceRecords: [{ Value: '"b"' }] };
    const { aws, zone, dns } = holding(heavy, light);
    expect(failed(await dns.publish([challenge("example.com", "ours")]))).toEqual([]);
    expect(aws.setsAt(zone, name)).toMatchObject([
      { Weight: 90, TTL: 60, ResourceRecords: [{ Value: '"a"' }, { Value: '"ours"' }] },
      { Weight: 10, TTL: 60, ResourceRecords: [{ Value: '"b"' }, { Value: '"ours"' }] },
    ]);
    await dns.cleanUp([challenge("example.com", "ours")]);
    expect(aws.setsAt(zone, name)).toMatchObject([heavy, light]);
  });

  it.each([
    ["a CNAME", { Type: "CNAME", ResourceRecords: [{ Value: "elsewhere.example.net" }] }, 2],
    [
      "an alias",
      { TTL: undefined, AliasTarget: { DNSName: "x.example.com", HostedZoneId: "Z1", EvaluateTargetHealth: false } },
      2,
    ],
  ])("refuses a name with %s and publishes its neighbours", async (_, set, changes) => {
    const { aws, zone, dns } = holding(set);
    const results = await dns.publish([...many(10, "example.com"), challenge("example.com")]);
    expect(failed(results)).toHaveLength(1);
    const error = errorsOf(results).at(-1);
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ reason: "ChallengeNameTaken", message: expect.stringContaining(name) });
    expect(error).toMatchObject({ fix: expect.stringMatching(/remove/i) });
    expect(aws.allSets(zone)).toHaveLength(11);
    expect(aws.count("ChangeResourceRecordSets")).toBe(changes);
    expect(await dns.cleanUp([challenge("example.com")])).toMatchObject([{ unchanged: true }]);
  });

  it("understands names that Route 53 shows with octal escapes", async () => {
    const aws = fakeRoute53();
    const zone = aws.addZone("example.com");
    const odd = { Name: "_acme-challenge.*.example.com", Type: "TXT" as const, TTL: 60 };
    aws.put(zone, { ...odd, ResourceRecords: [{ Value: '"foreign"' }] });
    expect(aws.allSets(zone)[0]?.Name).toBe("_acme-challenge.\\052.example.com.");
    const record = challenge("*.example.com", "ours");
    expect(failed(await providerOn(aws).publish([record]))).toEqual([]);
    expect(aws.allSets(zone)).toMatchObject([{ ResourceRecords: [{ Value: '"foreign"' }, { Value: '"ours"' }] }]);
    await providerOn(aws).cleanUp([record]);
    expect(aws.allSets(zone)).toMatchObject([{ ResourceRecords: [{ Value: '"foreign"' }] }]);
  });

  it("quotes and splits long values as RFC 1035 wants them", async () => {
    const aws = fakeRoute53();
    const zone = aws.addZone("example.com");
    const record = challenge("example.com", `${"x".repeat(255)}y"z\\`);
    expect(failed(await providerOn(aws).publish([record]))).toEqual([]);
    const value = aws.setsAt(zone, name)[0]?.ResourceRecords?.[0]?.Value;
    expect(value).toBe(`"${"x".repeat(255)}" "y\\"z\\\\"`);
  });
});

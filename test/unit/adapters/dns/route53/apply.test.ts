import { describe, expect, it } from "vitest";
import { route53Records } from "../../../../../adapters/dns/route53/records.ts";
import { RefusedError, UnavailableError } from "../../../../../core/errors.ts";
import { challenge, clock, errorsOf, failed, many, providerOn } from "../../../../support/challenges.ts";
import type { FakeRoute53 } from "../../../../support/fake-route53.ts";
import { fakeRoute53 } from "../../../../support/fake-route53.ts";
import { withoutDns } from "../../../../support/memory-lookup.ts";

describe("failures stay where they belong", () => {
  it("one of three zones denied: its records are refused, the others' go through", async () => {
    const aws = fakeRoute53();
    const zones = ["one.com", "two.com", "three.com"].map((name) => aws.addZone(name));
    aws.deny("ChangeResourceRecordSets", zones[1]);
    const results = await providerOn(aws).publish(
      ["a.one.com", "a.two.com", "b.two.com", "a.three.com"].map((host) => challenge(host)),
    );
    const errors = errorsOf(results);
    expect([errors[0], errors[3]]).toEqual([undefined, undefined]);
    for (const error of [errors[1], errors[2]]) {
      expect(error).toBeInstanceOf(RefusedError);
      expect(error).toMatchObject({ reason: "Route53AccessDenied", message: expect.stringContaining("two.com") });
      expect(error).toMatchObject({
        fix: expect.stringContaining(`route53:ChangeResourceRecordSets on arn:aws:route53:::hostedzone/${zones[1]}`),
      });
    }
    expect(zones.map((zone) => aws.allSets(zone).length)).toEqual([1, 0, 1]);
  });

  it("a denied look at one taken name fails that name alone", async () => {
    const aws = fakeRoute53();
    const zone = aws.addZone("example.com");
    await providerOn(aws).publish([challenge("host3.example.com", "another's")]);
    aws.deny("ListResourceRecordSets", zone);
    const results = await providerOn(aws).publish(many(10, "example.com"));
    expect(failed(results)).toMatchObject([
      { record: { name: "_acme-challenge.host3.example.com" }, error: { reason: "Route53AccessDenied" } },
    ]);
    expect(aws.allSets(zone)).toHaveLength(10);
  });

  it("a denied listing of zones says so", async () => {
    const aws = fakeRoute53();
    aws.deny("ListHostedZones");
    const [error] = errorsOf(await providerOn(aws).publish([challenge("example.com")]));
    expect(error).toMatchObject({
      name: "RefusedError",
      reason: "Route53AccessDenied",
      fix: expect.stringContaining("route53:ListHostedZones"),
    });
  });

  it.each([
    ["a label of 64 characters", `${"x".repeat(64)}.example.com`],
    ["an empty label", "a..example.com"],
  ])("one bad name in a batch of 50 fails alone: %s", async (_, host) => {
    const aws = fakeRoute53();
    const zone = aws.addZone("example.com");
    const records = [...many(25, "example.com"), challenge(host), ...many(49, "example.com").slice(25)];
    const results = await providerOn(aws).publish(records);
    expect(failed(results)).toMatchObject([
      { record: { name: `_acme-challenge.${host}` }, error: { reason: "Route53Refused" } },
    ]);
    expect(aws.allSets(zone)).toHaveLength(49);
    expect(aws.count("ChangeResourceRecordSets")).toBeLessThanOrEqual(14);
  });

  it("a name outside the given zone fails alone, in Route 53's words", async () => {
    const aws = fakeRoute53();
    const zone = aws.addZone("example.com");
    const records = [...many(49, "example.com"), challenge("www.example.org")];
    const results = await providerOn(aws, zone).publish(records);
    expect(failed(results)).toMatchObject([
      { error: { reason: "Route53Refused", message: expect.stringContaining("is not permitted in zone") } },
    ]);
    expect(aws.allSets(zone)).toHaveLength(49);
    // All, the accused alone, the rest.
    expect(aws.count("ChangeResourceRecordSets")).toBe(3);
  });

  it("InvalidInput of a batch is taken apart like InvalidChangeBatch", async () => {
    const aws = fakeRoute53();
    const zone = aws.addZone("example.com");
    aws.fail("ChangeResourceRecordSets", 1, () =>
      Object.assign(new Error("Invalid request"), { name: "InvalidInput" }),
    );
    expect(failed(await providerOn(aws).publish(many(4, "example.com")))).toEqual([]);
    expect(aws.allSets(zone)).toHaveLength(4);
  });

  it("a conflict that names no record reads all names of the batch", async () => {
    const aws = fakeRoute53();
    const zone = aws.addZone("example.com");
    await providerOn(aws).publish([challenge("host0.example.com", "another's")]);
    const message = "[Tried to create resource record set [name='', type='TXT'] but it already exists]";
    aws.fail("ChangeResourceRecordSets", 1, () => Object.assign(new Error(message), { name: "InvalidChangeBatch" }));
    expect(failed(await providerOn(aws).publish(many(3, "example.com")))).toEqual([]);
    expect(aws.count("ListResourceRecordSets")).toBe(3);
    expect(aws.setsAt(zone, "_acme-challenge.host0.example.com")[0]?.ResourceRecords).toHaveLength(2);
  });

  it("a service that names one conflict a call costs no round per name", async () => {
    const aws = fakeRoute53({ namesOneConflict: true });
    aws.addZone("example.com");
    await providerOn(aws).publish(many(20, "example.com"));
    const results = await providerOn(aws).publish(
      many(20, "example.com").map(({ name }) => ({ name, value: "second" })),
    );
    expect(failed(results)).toEqual([]);
    expect(aws.count("ChangeResourceRecordSets")).toBe(1 + 4);
    expect(aws.count("ListResourceRecordSets")).toBe(20);
  });

  it("a record that may not be mixed with what is there is refused, not tried for ever", async () => {
    const aws = fakeRoute53();
    aws.addZone("example.com");
    const name = "_acme-challenge.example.com";
    const message = `[RRSet with DNS name ${name}., type TXT cannot be created as other RRSets exist with the same name and type.]`;
    aws.fail("ChangeResourceRecordSets", 9, () => Object.assign(new Error(message), { name: "InvalidChangeBatch" }));
    expect(errorsOf(await providerOn(aws).publish([challenge("example.com")]))).toMatchObject([
      { reason: "Route53Refused", message: expect.stringContaining("cannot be created") },
    ]);
    expect(aws.count("ChangeResourceRecordSets")).toBe(3);
  });

  it.each([
    ["throttled", (aws: FakeRoute53) => aws.throttle("ChangeResourceRecordSets", 1)],
    ["busy", (aws: FakeRoute53, zone: string) => aws.busy(zone, 1)],
    [
      "out of reach",
      (aws: FakeRoute53) =>
        aws.fail("ChangeResourceRecordSets", 1, () =>
          Object.assign(new Error("socket hang up"), { code: "ECONNRESET" }),
        ),
    ],
    [
      "broken",
      (aws: FakeRoute53) =>
        aws.fail("ChangeResourceRecordSets", 1, () =>
          Object.assign(new Error("oops"), { $metadata: { httpStatusCode: 503 } }),
        ),
    ],
  ])("%s beyond the SDK's retries: unavailable, and the next try works", async (_, breakIt) => {
    const aws = fakeRoute53();
    breakIt(aws, aws.addZone("example.com"));
    const dns = providerOn(aws);
    const errors = errorsOf(await dns.publish(many(2, "example.com")));
    expect(errors.map((error) => error instanceof UnavailableError)).toEqual([true, true]);
    expect(failed(await dns.publish(many(2, "example.com")))).toEqual([]);
  });

  it("an error nobody knows stays what it is: a bug", async () => {
    const aws = fakeRoute53();
    aws.addZone("example.com");
    aws.fail("ChangeResourceRecordSets", 1, () => new TypeError("x is not a function"));
    expect(errorsOf(await providerOn(aws).publish([challenge("example.com")]))[0]).toBeInstanceOf(TypeError);
  });

  it("a writer that never stops makes it unavailable, not endless, and its neighbours go through", async () => {
    const aws = fakeRoute53();
    const zone = aws.addZone("example.com");
    let turn = 0;
    const send = async (command: { constructor: { name: string } }) => {
      turn += 1;
      const set = { Name: "_acme-challenge.host0.example.com", Type: "TXT" as const, TTL: 60 };
      if (command.constructor.name.startsWith("Change"))
        aws.put(zone, { ...set, ResourceRecords: [{ Value: `"${turn}"` }] });
      return aws.client.send(command as never);
    };
    const dns = route53Records({}, { client: { send } as unknown as FakeRoute53["client"], clock, ...withoutDns });
    const results = await dns.publish(many(3, "example.com"));
    expect(failed(results)).toMatchObject([
      { record: { name: "_acme-challenge.host0.example.com" }, error: { reason: "Route53Contention" } },
    ]);
    expect(errorsOf(results)[0]).toBeInstanceOf(UnavailableError);
    expect(aws.allSets(zone)).toHaveLength(3);
    expect(aws.calls.length).toBeLessThan(80);
  });

  it("a reply that was lost is found again: the repeat changes nothing", async () => {
    const aws = fakeRoute53();
    aws.addZone("example.com");
    const send = async (command: never) => {
      const answer = await aws.client.send(command);
      if (aws.count("ChangeResourceRecordSets") === 1 && aws.count("ListResourceRecordSets") === 0)
        throw Object.assign(new Error("lost"), { code: "ECONNRESET" });
      return answer;
    };
    const lossy = route53Records({}, { client: { send } as unknown as FakeRoute53["client"], clock, ...withoutDns });
    expect(errorsOf(await lossy.publish([challenge("example.com")]))[0]).toBeInstanceOf(UnavailableError);
    expect(await providerOn(aws).publish([challenge("example.com")])).toMatchObject([{ unchanged: true }]);
  });
});

import type { Change, ResourceRecordSet } from "@aws-sdk/client-route-53";
import { ChangeResourceRecordSetsCommand } from "@aws-sdk/client-route-53";
import { describe, expect, it } from "vitest";
import { fakeRoute53 } from "../../../support/fake-route53.ts";

const simple: ResourceRecordSet = { Name: "a.example.com", Type: "TXT", TTL: 60, ResourceRecords: [{ Value: '"v"' }] };
const multivalue: ResourceRecordSet = { ...simple, MultiValueAnswer: true, SetIdentifier: "v" };

function create(set: Partial<ResourceRecordSet> = {}): Change {
  return { Action: "CREATE", ResourceRecordSet: { ...simple, ...set } };
}

function remove(set: Partial<ResourceRecordSet> = {}): Change {
  return { Action: "DELETE", ResourceRecordSet: { ...simple, ...set } };
}

/** A zone that holds `before`, asked for `changes`. */
function ask(before: ResourceRecordSet[], changes: Change[]) {
  const aws = fakeRoute53();
  const zone = aws.addZone("example.com");
  for (const set of before) aws.put(zone, set);
  const answer = aws.client.send(
    new ChangeResourceRecordSetsCommand({ HostedZoneId: zone, ChangeBatch: { Changes: changes } }),
  );
  return { answer, held: () => aws.allSets(zone) };
}

describe("the strict fake refuses what AWS refuses, as a whole", () => {
  const manyNames = (count: number, value: string) =>
    Array.from({ length: count }, (_, index) =>
      create({ Name: `n${index}.example.com`, ResourceRecords: [{ Value: value }] }),
    );

  it.each<[string, ResourceRecordSet[], Change[], string]>([
    [
      "a second CREATE",
      [simple],
      [create()],
      "Tried to create resource record set [name='a.example.com.', type='TXT'] but it already exists",
    ],
    [
      "DELETE with another TTL",
      [simple],
      [remove({ TTL: 61 })],
      "but the values provided do not match the current values",
    ],
    [
      "DELETE with fewer values",
      [{ ...simple, ResourceRecords: [{ Value: '"v"' }, { Value: '"w"' }] }],
      [remove()],
      "but the values provided do not match the current values",
    ],
    ["DELETE of nothing", [], [remove()], "but it was not found"],
    ["DELETE without the identifier", [multivalue], [remove()], "but it was not found"],
    ["simple beside multivalue", [multivalue], [create()], "cannot be created as other RRSets exist"],
    ["multivalue beside simple", [simple], [create(multivalue)], "because a non multivalue answer rrset exists"],
    [
      "TXT beside CNAME",
      [{ ...simple, Type: "CNAME" }],
      [create()],
      "is not permitted because a conflicting RRSet of type  CNAME",
    ],
    [
      "a name of another zone",
      [],
      [create({ Name: "a.example.org" })],
      "RRSet with DNS name a.example.org. is not permitted in zone example.com.",
    ],
    ["a long label", [], [create({ Name: `${"x".repeat(64)}.example.com` })], "DomainLabelTooLong"],
    ["a value without quotes", [], [create({ ResourceRecords: [{ Value: "v" }] })], "enclosed in quotation marks"],
    ["a string over 255", [], [create({ ResourceRecords: [{ Value: `"${"x".repeat(256)}"` }] })], "too long"],
    [
      "one value twice",
      [],
      [create({ ResourceRecords: [{ Value: '"v"' }, { Value: '"v"' }] })],
      "Duplicate Resource Record",
    ],
    [
      "two CREATEs of one set",
      [],
      [create(), create()],
      "invalid set of changes for a resource record set 'TXT a.example.com.'",
    ],
    ["1,001 elements", [], manyNames(1_001, '"v"'), "Number of records limit of 1000 exceeded."],
    ["32,001 characters", [], manyNames(128, `"${"x".repeat(249)}"`), "RDATA character limit of 32000 exceeded."],
    ["no TTL", [], [create({ TTL: undefined })], "Expected exactly one of"],
  ])("%s", async (_, before, changes, message) => {
    const { answer, held } = ask(before, [create({ Name: "innocent.example.com" }), ...changes]);
    await expect(answer).rejects.toThrow(message);
    expect(held()).toHaveLength(before.length);
  });

  it("but swaps by DELETE and CREATE in one batch", async () => {
    const { answer, held } = ask([simple], [remove(), create({ ResourceRecords: [{ Value: '"w"' }] })]);
    await answer;
    expect(held()).toMatchObject([{ ResourceRecords: [{ Value: '"w"' }] }]);
  });
});

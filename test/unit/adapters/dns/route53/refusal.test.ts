import { describe, expect, it } from "vitest";
import { readRefusal } from "../../../../../adapters/dns/route53/refusal.ts";

const a = "_acme-challenge.a.example.com";
const b = "_acme-challenge.b.example.com";

describe("reading an InvalidChangeBatch", () => {
  it.each([
    [
      "created twice, one of two",
      `[Tried to create resource record set [name='${a}.', type='TXT'] but it already exists]`,
      { stale: [a], taken: [] },
    ],
    [
      "created twice, both",
      `[Tried to create resource record set [name='${a}.', type='TXT'] but it already exists, Tried to create resource record set [name='${b}.', type='TXT'] but it already exists]`,
      { stale: [a, b], taken: [] },
    ],
    [
      "the older sentence without brackets",
      `Tried to create resource record set ${b}. type TXT, but it already exists`,
      { stale: [b], taken: [] },
    ],
    [
      "the emulator's sentence",
      `Tried to create resource record set ${b}. type TXT but it already exists.`,
      { stale: [b], taken: [] },
    ],
    [
      "deleted with other values, with an identifier",
      `[Tried to delete resource record set [name='${a}.', type='TXT', set-identifier='"x"'] but the values provided do not match the current values]`,
      { stale: [a], taken: [] },
    ],
    [
      "deleted although absent",
      `[Tried to delete resource record set [name='${a}.', type='TXT'] but it was not found]`,
      { stale: [a], taken: [] },
    ],
    [
      "a simple record where multivalue ones are",
      `[RRSet with DNS name ${a}., type TXT cannot be created as other RRSets exist with the same name and type.]`,
      { stale: [a], taken: [] },
    ],
    [
      "a multivalue record where a simple one is",
      `[RRSet with DNS name ${a}., type TXT, SetIdentifier "v" cannot be created because a non multivalue answer rrset exists with the same name and type.]`,
      { stale: [a], taken: [] },
    ],
    [
      "a CNAME at one name and a value at the other",
      `[RRSet of type TXT with DNS name ${a}. is not permitted because a conflicting RRSet of type  CNAME with the same DNS name already exists in zone example.com., Tried to create resource record set [name='${b}.', type='TXT'] but it already exists]`,
      { stale: [b], taken: [a] },
    ],
    [
      "a conflict at a name that is not ours",
      "[Tried to create resource record set [name='other.example.com.', type='TXT'] but it already exists]",
      { stale: [a, b], taken: [] },
    ],
    [
      "words we do not know",
      `[RRSet with DNS name ${a}. is not permitted in zone example.org.]`,
      { stale: [], taken: [], mentioned: [a] },
    ],
    ["no names at all", "[Number of records limit of 1000 exceeded.]", { stale: [], taken: [], mentioned: [] }],
  ])("%s", (_, message, expected) => {
    expect(readRefusal(message, [a, b], false)).toMatchObject(expected);
  });

  it("takes a set that cannot be mixed for a refusal once the names were read", () => {
    const message = `[RRSet with DNS name ${a}., type TXT cannot be created as other RRSets exist with the same name and type.]`;
    expect(readRefusal(message, [a, b], true)).toEqual({ stale: [], taken: [], mentioned: [a] });
  });

  it("matches names that Route 53 escapes", () => {
    const message =
      "[Tried to create resource record set [name='_ACME-challenge.\\052.x.', type='TXT'] but it already exists]";
    expect(readRefusal(message, ["_acme-challenge.*.x", a], false).stale).toEqual(["_acme-challenge.*.x"]);
  });
});

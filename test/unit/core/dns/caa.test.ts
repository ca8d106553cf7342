import { describe, expect, it } from "vitest";
import { caaOf, forbiddenBy } from "../../../../core/dns/caa.ts";
import { memoryLookup } from "../../../support/memory-lookup.ts";

const account = { identities: ["ca.test", "ca2.test"], accountUrl: "https://ca.test/acct/1", method: "dns-01" };
const caa = (text: string) => {
  const [flags, tag = "", ...value] = text.split(" ");
  return { type: "CAA" as const, critical: flags === "128", tag, value: value.join(" ") };
};
const set = (...records: string[]) => ({ owner: "example.test", records: records.map(caa) });

describe("CAA records", () => {
  it.each<[string, string, string[]]>([
    [
      "none of the tags issue and issuewild",
      "www.example.test",
      ["0 iodef mailto:a@example.test", "0 contactemail a@b"],
    ],
    ["the CA", "www.example.test", ["0 issue ca.test"]],
    ["the CA by its second name, in capitals", "www.example.test", ["0 issue CA2.test"]],
    ["the CA beside another", "www.example.test", ["0 issue other.test", "0 issue ca.test"]],
    ["the CA for this account", "www.example.test", ["0 issue ca.test; accounturi=https://ca.test/acct/1"]],
    ["the CA by this method", "www.example.test", ["0 issue ca.test; validationmethods=http-01,dns-01"]],
    ["the CA with a parameter that nobody knows", "www.example.test", ["0 issue ca.test ; x=y"]],
    ["a wildcard by issue", "*.example.test", ["0 issue ca.test"]],
    ["a wildcard by issuewild, whatever issue says", "*.example.test", ["0 issue ;", "0 issuewild ca.test"]],
    ["a name whatever issuewild says", "www.example.test", ["0 issuewild ;"]],
    ["what is not critical and unknown", "www.example.test", ["0 future x"]],
    ["critical tags that are known", "www.example.test", ["128 issue ca.test", "128 iodef mailto:a@example.test"]],
  ])("allow %s", (_, name, records) => {
    expect(forbiddenBy(set(...records), { ...account, name })).toBeUndefined();
  });

  it.each<[string, string, string[], string]>([
    ["everybody", "www.example.test", ["0 issue ;"], 'example.test CAA 0 issue ";" allows nobody'],
    [
      "other CAs",
      "www.example.test",
      ["0 issue other.test"],
      'example.test CAA 0 issue "other.test" allows other.test only',
    ],
    ["a wildcard by issuewild", "*.example.test", ["0 issue ca.test", "0 issuewild ;"], "issuewild"],
    [
      "another account",
      "www.example.test",
      ["0 issue ca.test; accounturi=https://ca.test/acct/2"],
      "allows another account only",
    ],
    [
      "two accounts at once",
      "www.example.test",
      [`0 issue ca.test; accounturi=${account.accountUrl}; accounturi=${account.accountUrl}`],
      "another account",
    ],
    [
      "other methods",
      "www.example.test",
      ["0 issue ca.test; validationmethods=http-01"],
      "does not allow the validation method dns-01",
    ],
    ["everybody by what is malformed", "www.example.test", ["0 issue %%%"], "is malformed"],
    ["everybody by a malformed parameter", "www.example.test", ["0 issue ca.test; accounturi"], "is malformed"],
    [
      "everybody by a critical tag that nobody knows",
      "www.example.test",
      ["0 issue ca.test", "128 future x"],
      'example.test CAA 128 future "x" is critical',
    ],
  ])("forbid %s, and the record is named", (_, name, records, why) => {
    expect(forbiddenBy(set(...records), { ...account, name })).toContain(why);
  });

  it("count where the nearest name upwards has some, and no higher", async () => {
    const lookup = memoryLookup({ zones: ["example.test", "test"] });
    lookup.put("example.test", caa("0 issue far.test"));
    lookup.put("www.example.test", caa("0 issue near.test"));
    expect((await caaOf(lookup, "a.www.example.test"))?.records[0]?.value).toBe("near.test");
    expect(lookup.asked).toEqual(["system CAA a.www.example.test", "system CAA www.example.test"]);
    expect(await caaOf(lookup, "b.example.test")).toMatchObject({ owner: "example.test" });
    expect(await caaOf(lookup, "other.test")).toBeUndefined();
    expect(lookup.asked.at(-1)).toBe("system CAA test");
  });

  it("count behind an alias, and then above the name, not above the alias's end", async () => {
    const lookup = memoryLookup({ zones: ["example.test", "cdn.test"] });
    lookup.put("www.example.test", { type: "CNAME", target: "edge.cdn.test" });
    lookup.put("cdn.test", caa("0 issue cdn.test"));
    lookup.put("example.test", caa("0 issue ca.test"));
    expect(await caaOf(lookup, "www.example.test")).toMatchObject({ owner: "example.test" });
    lookup.put("also.example.test", { type: "CNAME", target: "end.cdn.test" });
    lookup.put("end.cdn.test", caa("0 issue end.test"));
    expect(await caaOf(lookup, "also.example.test")).toMatchObject({ owner: "end.cdn.test" });
  });
});

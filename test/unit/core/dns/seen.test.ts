import { describe, expect, it } from "vitest";
import { seenByResolvers } from "../../../../core/dns/seen.ts";
import type { DnsAnswer, DnsLookup, DnsRecord } from "../../../../core/dns-lookup.ts";
import { RefusedError, UnavailableError } from "../../../../core/errors.ts";

const name = "_acme-challenge.www.example.test";
const soa = (ttlSeconds: number, minimumSeconds: number): DnsRecord => ({
  ...{ name: "example.test", ttlSeconds, minimumSeconds },
  type: "SOA",
});
const txt = (text: string, ttlSeconds = 60): DnsRecord => ({ name, ttlSeconds, type: "TXT", text });

/** Resolvers with these answers. */
function lookupOf(said: Record<string, Partial<DnsAnswer> | Error>): DnsLookup {
  return {
    resolve: () => Promise.reject(new Error("only the named servers are asked")),
    ask: async (server) => {
      const answer = said[server];
      if (answer instanceof Error) throw answer;
      return { exists: true, authoritative: false, answers: [], authorities: [], ...answer };
    },
  };
}

const seen = (said: Record<string, Partial<DnsAnswer> | Error>) =>
  seenByResolvers(lookupOf(said), Object.keys(said), { name, value: "wanted" });

describe("what resolvers say of a record", () => {
  it("is told apart: served, lacking, silent", async () => {
    const away = new UnavailableError({ reason: "NameServerUnavailable", message: "no answer" });
    expect(
      await seen({ a: { answers: [txt("other"), txt("wanted")] }, b: { answers: [txt("other")] }, c: away }),
    ).toEqual({ served: 1, lacking: ["b"], silent: ["c"], rememberedSeconds: 60 });
  });

  it.each<[string, DnsRecord[], DnsRecord[], number]>([
    ["an absence for the SOA's minimum where that is less", [], [soa(900, 300)], 300],
    ["an absence for the SOA's TTL where that is less, as it is counted down", [], [soa(40, 300)], 40],
    ["an older value for its TTL", [txt("old", 777)], [], 777],
    ["nothing without an SOA", [], [], 0],
  ])("%s is remembered", async (_what, answers, authorities, rememberedSeconds) => {
    expect(await seen({ a: { answers, authorities } })).toMatchObject({ lacking: ["a"], rememberedSeconds });
  });

  it("is a refusal where a server may not be asked, and no silence", async () => {
    const forbidden = new RefusedError({ reason: "ForbiddenNameServer", message: "is private" });
    await expect(seen({ a: forbidden })).rejects.toBe(forbidden);
  });
});

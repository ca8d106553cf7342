import { beforeAll, describe, expect, it } from "vitest";
import type { DnsLookup } from "../../core/dns-lookup.ts";

/** What the suite asks for: the zones `one.test` and `two.test` with these records, on one server. */
export interface LookupWorld {
  lookup: DnsLookup;
  /** How `ask` names a server of both zones. */
  server: string;
}

/** Records that every world serves. */
export const lookedUp = {
  text: { name: "_acme-challenge.one.test", values: ["first", "second"] },
  alias: { name: "alias.one.test", target: "end.two.test", value: "at the end" },
  caa: { name: "caa.one.test", tag: "issue", value: "ca.test; validationmethods=dns-01" },
} as const;

/** The contract of core/dns-lookup.ts. */
export function testDnsLookup(name: string, makeWorld: () => Promise<LookupWorld> | LookupWorld): void {
  let world: LookupWorld;
  beforeAll(async () => {
    world = await makeWorld();
  });
  const texts = async (name: string, how: "ask" | "resolve") => {
    const { lookup, server } = world;
    const answer = await (how === "ask" ? lookup.ask(server, name, "TXT") : lookup.resolve(name, "TXT"));
    return answer.answers.flatMap((record) => (record.type === "TXT" ? [record.text] : []));
  };

  describe(`${name}: looks up`, () => {
    it.each(["ask", "resolve"] as const)("all values of a name (%s), whatever its case", async (how) => {
      expect((await texts(lookedUp.text.name, how)).sort()).toEqual(["first", "second"]);
      expect(await texts("_ACME-challenge.One.test", how)).toHaveLength(2);
    });

    it("the zone that a name is in, though nothing is at the name", async () => {
      const { exists, authorities } = await world.lookup.resolve("nothing.here.one.test", "SOA");
      expect(exists).toBe(false);
      expect(authorities).toMatchObject([{ type: "SOA", name: "one.test" }]);
    });

    it("a zone's name servers, and their addresses", async () => {
      const { answers } = await world.lookup.resolve("one.test", "NS");
      const [first] = answers;
      expect(first).toMatchObject({ type: "NS", name: "one.test" });
      const address = await world.lookup.resolve(first?.type === "NS" ? first.target : "", "A");
      expect(address.answers).toMatchObject([{ type: "A", address: expect.stringMatching(/^\d+(\.\d+){3}$/) }]);
    });

    it("an alias, and what is behind it", async () => {
      const { name: at, target, value } = lookedUp.alias;
      const asked = await world.lookup.ask(world.server, at, "TXT");
      expect(asked).toMatchObject({ exists: true, authoritative: true });
      expect(asked.answers[0]).toMatchObject({ type: "CNAME", name: at, target });
      expect(await texts(at, "resolve")).toEqual([value]);
    });

    it("CAA records", async () => {
      const { name: at, ...record } = lookedUp.caa;
      const { answers } = await world.lookup.resolve(at, "CAA");
      expect(answers).toMatchObject([{ type: "CAA", critical: true, ...record }]);
    });

    it("an absence, which is an answer", async () => {
      const { exists, answers } = await world.lookup.ask(world.server, "absent.one.test", "TXT");
      expect([exists, answers]).toEqual([false, []]);
      const other = await world.lookup.ask(world.server, lookedUp.caa.name, "TXT");
      expect([other.exists, other.answers]).toEqual([true, []]);
    });
  });
}

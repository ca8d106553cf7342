import { describe, expect, it } from "vitest";
import { followAliases } from "../../../../core/dns/follow-aliases.ts";
import { seenByResolvers, seenByZone } from "../../../../core/dns/seen.ts";
import { memoryLookup } from "../../../support/memory-lookup.ts";

const at = "_acme-challenge.www.example.test";
const alias = (target: string) => ({ type: "CNAME" as const, target });
const world = () => memoryLookup({ zones: ["example.test", "validation.test"] });

describe("the CNAMEs from a name", () => {
  it("may be none", async () => {
    const lookup = world();
    expect(await followAliases(lookup, at)).toMatchObject({ name: at, zone: "example.test" });
  });

  it("are followed over zones to the end, with the servers there", async () => {
    const lookup = world();
    lookup.put(at, alias("hop.example.test"));
    lookup.put("hop.example.test", alias("end.validation.test"));
    const { name, zone, servers } = await followAliases(lookup, at);
    expect([name, zone]).toEqual(["end.validation.test", "validation.test"]);
    expect(servers).toEqual([
      { name: "ns1.validation.test", address: "192.0.2.3" },
      { name: "ns2.validation.test", address: "192.0.2.4" },
    ]);
  });

  it("are asked for at the zone's own servers: no memory is told that the name is not there", async () => {
    const lookup = world();
    lookup.put("www.example.test", { type: "TXT", text: "something" });
    await followAliases(lookup, at);
    expect(lookup.asked.filter((one) => one.startsWith("system") && one.includes("_acme"))).toEqual([]);
    expect(lookup.asked).toContain(`192.0.2.1 CNAME ${at}`);
  });

  it("lead into a zone of their own by referral", async () => {
    const lookup = world();
    lookup.addZone(at, ["192.0.2.77"]);
    expect(await followAliases(lookup, at)).toMatchObject({ zone: at, servers: [{ address: "192.0.2.77" }] });
  });

  it("are refused in a circle, which is named", async () => {
    const lookup = world();
    lookup.put(at, alias("b.validation.test"));
    lookup.put("b.validation.test", alias("c.validation.test"));
    lookup.put("c.validation.test", alias("b.validation.test"));
    await expect(followAliases(lookup, at)).rejects.toMatchObject({
      reason: "CnameLoop",
      message: expect.stringContaining(`${at} -> b.validation.test -> c.validation.test -> b.validation.test`),
    });
  });

  it("are refused in a circle within one zone, where its servers answer other questions with a failure", async () => {
    const lookup = world();
    lookup.put(at, alias("b.example.test"));
    lookup.put("b.example.test", alias(at));
    await expect(lookup.ask("192.0.2.1", at, "TXT")).rejects.toThrow("SERVFAIL");
    await expect(followAliases(lookup, at)).rejects.toMatchObject({ reason: "CnameLoop" });
  });

  it("are refused when they are more than eight, and eight are not", async () => {
    const lookup = world();
    for (let hop = 0; hop < 8; hop += 1) {
      lookup.put(hop === 0 ? at : `h${hop}.validation.test`, alias(`h${hop + 1}.validation.test`));
    }
    expect((await followAliases(lookup, at)).name).toBe("h8.validation.test");
    lookup.put("h8.validation.test", alias("h9.validation.test"));
    await expect(followAliases(lookup, at)).rejects.toMatchObject({ reason: "CnameTooLong" });
  });

  it.each(["*.validation.test", "a b.validation.test", "nolabel", ""])(
    "are refused when they lead to %j",
    async (target) => {
      const lookup = world();
      lookup.put(at, alias(target));
      await expect(followAliases(lookup, at)).rejects.toMatchObject({ reason: "CnameTargetInvalid" });
    },
  );

  it("are asked for at the next server when one does not answer; when none does nobody knows", async () => {
    const lookup = world();
    lookup.broken.add("192.0.2.1");
    expect((await followAliases(lookup, at)).name).toBe(at);
    lookup.broken.add("192.0.2.2");
    await expect(followAliases(lookup, at)).rejects.toMatchObject({ name: "UnavailableError" });
  });

  it("have no end where the public DNS has no zone", async () => {
    await expect(followAliases(world(), "_acme-challenge.www.nobody.invalid")).rejects.toMatchObject({
      reason: "ZoneNotDelegated",
    });
  });
});

describe("a value is seen", () => {
  const record = { name: at, value: "v" };

  it("by each server of the zone, which are told apart", async () => {
    const lookup = world();
    lookup.put(at, { type: "TXT", text: "v" }, ["192.0.2.1"]);
    expect(await seenByZone(lookup, record)).toMatchObject({
      served: 1,
      lacking: ["ns2.example.test (192.0.2.2)"],
      silent: [],
    });
    lookup.broken.add("192.0.2.2");
    expect(await seenByZone(lookup, record)).toMatchObject({
      served: 1,
      lacking: [],
      silent: ["ns2.example.test (192.0.2.2)"],
    });
  });

  it("behind a CNAME", async () => {
    const lookup = world();
    lookup.put(at, alias("end.validation.test"));
    lookup.put("end.validation.test", { type: "TXT", text: "v" });
    expect(await seenByZone(lookup, record)).toMatchObject({ served: 2, lacking: [] });
  });

  it("by resolvers, which say how long they remember that there was nothing", async () => {
    const lookup = world();
    lookup.addResolver("198.51.100.1:53");
    const absent = await seenByResolvers(lookup, ["198.51.100.1:53"], record);
    expect(absent).toMatchObject({ lacking: ["198.51.100.1:53"], rememberedSeconds: 900 });
    lookup.put(at, { type: "TXT", text: "v" });
    expect((await seenByResolvers(lookup, ["198.51.100.1:53"], record)).served).toBe(0);
  });
});

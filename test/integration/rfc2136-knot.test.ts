import { Resolver } from "node:dns/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exchangeWith } from "../../adapters/dns/exchange.ts";
import { openLookup } from "../../adapters/dns/lookup/open.ts";
import { rfc2136Records } from "../../adapters/dns/rfc2136/records.ts";
import type { Rfc2136Solver, TsigAlgorithm } from "../../adapters/dns/rfc2136/solver.ts";
import { rfc2136 } from "../../adapters/dns/rfc2136.ts";
import { followAliases } from "../../core/dns/follow-aliases.ts";
import { seenByResolvers, seenByZone } from "../../core/dns/seen.ts";
import type { DnsProvider } from "../../core/ports.ts";
import { type DnsWorld, testDnsProvider } from "../contract/dns-provider.ts";
import { type Knot, startKnot } from "../support/knot.ts";
import { withoutDns } from "../support/memory-lookup.ts";

/** The rfc2136 provider against a real name server: Knot DNS. */

const algorithms: [TsigAlgorithm, string][] = [
  ["HMACMD5", "hmac-md5"],
  ["HMACSHA1", "hmac-sha1"],
  ["HMACSHA256", "hmac-sha256"],
  ["HMACSHA512", "hmac-sha512"],
];
const secret = Buffer.from("a secret that Knot and certwright share").toString("base64");
const keys = algorithms.map(([name, algorithm]) => ({ name: name.toLowerCase(), algorithm, secret }));
// Every test begins with two empty zones.
const spare = Array.from({ length: 160 }, (_, index) => `z${index}.test`);

let knot: Knot;
beforeAll(async () => {
  knot = await startKnot(spare, keys);
});
afterAll(() => knot.stop());

function takeZones(): [string, string] {
  const [one, two] = [spare.shift(), spare.shift()];
  if (one === undefined || two === undefined) throw new Error("no zones left: make more");
  return [one, two];
}

async function valuesAt(name: string): Promise<string[]> {
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${knot.port}`]);
  return (await resolver.resolveTxt(name).catch(() => [])).map((strings) => strings.join(""));
}

/** By Knot's own tool. One transaction a zone at a time: another one waits. */
async function addForeign(zone: string, name: string, value: string, ttl = 60): Promise<void> {
  await knot.control("zone-begin", zone);
  await knot.control("zone-set", zone, `${name}.`, String(ttl), "TXT", `"${value}"`);
  await knot.control("zone-commit", zone);
}

/** A name server that runs `act` before the next update that follows a look. */
function world(protocol: "UDP" | "TCP"): DnsWorld {
  const zones = takeZones();
  let waiting: (() => Promise<void>) | undefined;
  let made = 0;
  const exchange = exchangeWith({ host: "127.0.0.1", port: knot.port }, { allowedPrivateHosts: ["127.0.0.1"] });
  return {
    zones,
    provider: () => {
      made += 1;
      const laterMs = made === 1 ? 0 : 15_000;
      return rfc2136Records({
        protocol,
        key: { name: "hmacsha256", algorithm: "HMACSHA256", secret: Buffer.from(secret, "base64") },
        clock: { now: () => new Date(Date.now() + laterMs) },
        exchange: async (message, way) => {
          const isUpdate = ((message.readUInt16BE(2) >> 11) & 0xf) === 5;
          const act = isUpdate ? waiting : undefined;
          if (act) waiting = undefined;
          await act?.();
          return exchange(message, way);
        },
      });
    },
    values: valuesAt,
    addForeign: (name, value) => addForeign(zones.find((zone) => name.endsWith(zone)) ?? "", name, value),
    beforeNextSwap: (act) => {
      waiting = act;
    },
  };
}

describe.each(["UDP", "TCP"] as const)("over %s", (protocol) => {
  testDnsProvider(`rfc2136 on Knot DNS over ${protocol}`, () => world(protocol));
});

describe("rfc2136 on Knot DNS", () => {
  const open = (config: Partial<Rfc2136Solver>, text = secret): Promise<DnsProvider> => {
    const access = {
      allowedPrivateHosts: ["127.0.0.1"],
      ...withoutDns,
      clock: { now: () => new Date() },
      secret: async () => text,
      fetch,
      aws: () => Promise.reject(new Error("nothing of AWS is called")),
    };
    return rfc2136.create({ nameserver: { host: "127.0.0.1", port: knot.port }, protocol: "UDP", ...config }, access);
  };
  const tsigOf = (algorithm: TsigAlgorithm, keyName = algorithm.toLowerCase()) => ({
    tsig: { keyName, algorithm, secretRef: { name: "knot", key: "tsig" } },
  });
  const publish = async (provider: DnsProvider, name: string) => (await provider.publish([{ name, value: "v" }]))[0];

  it.each(algorithms)("signs with %s", async (algorithm) => {
    const [zone] = takeZones();
    const provider = await open(tsigOf(algorithm));
    expect(await publish(provider, `_acme-challenge.${zone}`)).toHaveProperty("change");
    expect(await valuesAt(`_acme-challenge.${zone}`)).toEqual(["v"]);
  });

  it.each([
    ["another secret", tsigOf("HMACSHA256"), Buffer.from("wrong").toString("base64"), "TsigRefused", "another one"],
    ["a key it does not know", tsigOf("HMACSHA256", "nobody"), secret, "TsigRefused", "does not know the key"],
    ["no key", {}, secret, "DnsUpdateRefused", "NOTAUTH"],
  ])("refuses %s and says why", async (_, config, text, reason, words) => {
    const [zone] = takeZones();
    const result = await publish(await open(config, text), `_acme-challenge.${zone}`);
    expect(result).toMatchObject({ error: { reason, message: expect.stringContaining(words) } });
    expect(await valuesAt(`_acme-challenge.${zone}`)).toEqual([]);
  });

  it("does not lose a value beside a CNAME without a word, and serves its neighbours", async () => {
    const [zone] = takeZones();
    const provider = await open(tsigOf("HMACSHA256"));
    const names = [`_acme-challenge.a.${zone}`, `alias.${zone}`, `_acme-challenge.b.${zone}`];
    const results = await provider.publish(names.map((name) => ({ name, value: "v" })));
    expect(results).toMatchObject([
      { change: expect.any(String) },
      { error: { reason: "ChallengeNameTaken" } },
      { change: expect.any(String) },
    ]);
  });

  it("joins its neighbours' TTL", async () => {
    const [zone] = takeZones();
    const name = `_acme-challenge.${zone}`;
    await addForeign(zone, name, "foreign", 777);
    expect(await publish(await open(tsigOf("HMACSHA256")), name)).toHaveProperty("change");
    const served = await knot.control("zone-read", zone, `${name}.`, "TXT");
    expect(served.match(/ \d+ TXT .*/g)?.sort()).toEqual([' 777 TXT "foreign"', ' 777 TXT "v"']);
  });

  it("publishes and removes fifty names in one batch, over UDP too", async () => {
    const [zone] = takeZones();
    const records = Array.from({ length: 50 }, (_, index) => ({
      name: `_acme-challenge.host${index}.${zone}`,
      value: `${index}`.padStart(43, "v"),
    }));
    const provider = await open(tsigOf("HMACSHA512"));
    const published = await provider.publish(records);
    expect(published.filter((result) => !("change" in result))).toEqual([]);
    expect(await valuesAt(records[49]?.name ?? "")).toEqual([records[49]?.value]);
    const removed = await provider.cleanUp(records);
    expect(removed.filter((result) => !("change" in result))).toEqual([]);
    expect(await valuesAt(records[49]?.name ?? "")).toEqual([]);
  });
});

/** The public DNS is this Knot: its zones are delegated to it by a name of their own. */
describe("the look at a zone's own servers, here Knot DNS", () => {
  const lookup = () =>
    openLookup({
      allowedPrivateHosts: ["127.0.0.1", "127.0.0.2"],
      resolvers: [`127.0.0.1:${knot.port}`],
      udpTriesMs: [300],
      tcpTimeoutMs: 300,
    });

  /** With name servers at these addresses. */
  async function delegated(addresses: string[], more: string[][] = []): Promise<string> {
    const [zone] = takeZones();
    const servers = addresses.map((address, index) => [`ns${index}.${zone}.`, address] as const);
    const changes = [
      ["zone-unset", zone, "@", "NS"],
      ...servers.map(([name]) => ["zone-set", zone, "@", "300", "NS", name]),
      ...servers.map(([name, address]) => ["zone-set", zone, name, "300", "A", address]),
      ...more.map((words) => ["zone-set", zone, ...words]),
    ];
    await knot.control("zone-begin", zone);
    for (const words of changes) await knot.control(...words);
    await knot.control("zone-commit", zone);
    return zone;
  }

  const called = (zone: string, index = 0) => `ns${index}.${zone} (127.0.0.${index + 1})`;

  it("finds the record missing, and served as soon as it is written", async () => {
    const zone = await delegated(["127.0.0.1"]);
    const record = { name: `_acme-challenge.${zone}`, value: "wanted" };
    const missing = { served: 0, lacking: [called(zone)], silent: [], rememberedSeconds: 0 };
    expect(await seenByZone(lookup(), record)).toEqual(missing);
    await addForeign(zone, record.name, "another");
    expect(await seenByZone(lookup(), record)).toEqual(missing);
    await addForeign(zone, record.name, "wanted");
    expect(await seenByZone(lookup(), record)).toEqual({ ...missing, served: 1, lacking: [] });
  });

  it("tells a server that is silent from one that lacks the record", async () => {
    const zone = await delegated(["127.0.0.1", "127.0.0.2"]);
    const record = { name: `_acme-challenge.${zone}`, value: "wanted" };
    await addForeign(zone, record.name, record.value);
    const sight = { served: 1, lacking: [], silent: [called(zone, 1)], rememberedSeconds: 0 };
    expect(await seenByZone(lookup(), record)).toEqual(sight);
  });

  it("goes where CNAMEs lead, over zones, and asks the servers there", async () => {
    const target = await delegated(["127.0.0.1"]);
    const zone = await delegated(["127.0.0.1"], [["_acme-challenge.www", "60", "CNAME", `label.${target}.`]]);
    const name = `_acme-challenge.www.${zone}`;
    expect(await followAliases(lookup(), name)).toMatchObject({ name: `label.${target}`, zone: target });
    await addForeign(target, `label.${target}`, "wanted");
    const sight = await seenByZone(lookup(), { name, value: "wanted" });
    expect(sight).toEqual({ served: 1, lacking: [], silent: [], rememberedSeconds: 0 });
  });

  it("names a circle of CNAMEs", async () => {
    const [back, there] = ["_acme-challenge.a", "_acme-challenge.b"];
    const zone = await delegated(["127.0.0.1"], []);
    await knot.control("zone-begin", zone);
    await knot.control("zone-set", zone, back, "60", "CNAME", `${there}.${zone}.`);
    await knot.control("zone-set", zone, there, "60", "CNAME", `${back}.${zone}.`);
    await knot.control("zone-commit", zone);
    await expect(followAliases(lookup(), `${back}.${zone}`)).rejects.toMatchObject({ reason: "CnameLoop" });
  });

  it("knows how long a resolver remembers that there was nothing, and an older value", async () => {
    const zone = await delegated(["127.0.0.1"]);
    const record = { name: `_acme-challenge.${zone}`, value: "wanted" };
    const asked = [`127.0.0.1:${knot.port}`];
    // The SOA's minimum, which is less than its TTL (RFC 2308 5).
    expect(await seenByResolvers(lookup(), asked, record)).toMatchObject({ lacking: asked, rememberedSeconds: 60 });
    await addForeign(zone, record.name, "another", 777);
    expect(await seenByResolvers(lookup(), asked, record)).toMatchObject({ lacking: asked, rememberedSeconds: 777 });
  });
});

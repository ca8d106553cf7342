import { describe, expect, it } from "vitest";
import { rfc2136Records } from "../../../../adapters/dns/rfc2136/records.ts";
import type { TsigKey } from "../../../../adapters/dns/rfc2136/tsig.ts";
import { rfc2136 } from "../../../../adapters/dns/rfc2136.ts";
import type { DnsProvider } from "../../../../core/ports.ts";
import { type DnsWorld, testDnsProvider } from "../../../contract/dns-provider.ts";
import { fakeNameServer } from "../../../support/fake-name-server.ts";
import { withoutDns } from "../../../support/memory-lookup.ts";
import { solverConfig, solverFaults } from "../../../support/solver-faults.ts";

const key: TsigKey = { name: "key.one.test", algorithm: "HMACSHA256", secret: Buffer.from("a shared secret") };
const at = "_acme-challenge.www.one.test";

/** The contract's world; every provider after the first finds the clock 15 s later, when changes have settled. */
function world(own = key): DnsWorld & { server: ReturnType<typeof fakeNameServer> } {
  const server = fakeNameServer(key);
  server.addZone("one.test");
  server.addZone("two.test");
  let made = 0;
  return {
    server,
    zones: ["one.test", "two.test"],
    provider: () => {
      const now = new Date(Date.parse("2026-01-01T00:00:00Z") + (made === 0 ? 0 : 15_000));
      made += 1;
      return rfc2136Records({ exchange: server.exchange, clock: { now: () => now }, protocol: "UDP", key: own });
    },
    values: async (name) => server.texts(name),
    addForeign: async (name, value) => server.put(name, { text: value }),
    beforeNextSwap: (act) => {
      server.before = act;
    },
  };
}

const publish = async (provider: DnsProvider | Promise<DnsProvider>, name = at) =>
  (await (await provider).publish([{ name, value: "v" }]))[0];

testDnsProvider("rfc2136 on the strict name server", () => world());

describe("rfc2136", () => {
  const many = Array.from({ length: 50 }, (_, index) => ({
    name: `_acme-challenge.host${index}.one.test`,
    value: `${index}`.padStart(43, "v"),
  }));

  it("asks once for a name, and writes several names with one message that any server takes over UDP", async () => {
    const { server, provider } = world();
    await (await provider()).publish(many);
    const updates = server.messages.filter(({ update }) => update);
    expect(server.messages.length - updates.length).toBe(50);
    expect(updates.length).toBeLessThanOrEqual(17);
    expect(Math.max(...server.messages.map(({ bytes }) => bytes))).toBeLessThanOrEqual(512);
    expect(new Set(server.messages.map(({ over }) => over))).toEqual(new Set(["UDP"]));
  });

  it("writes what is too large for UDP over TCP", async () => {
    const { server, provider } = world();
    const values = Array.from({ length: 10 }, (_, index) => ({ name: at, value: `${index}`.padStart(43, "v") }));
    await (await provider()).publish(values);
    expect(server.messages.filter(({ update }) => update)).toMatchObject([{ over: "TCP" }]);
    expect(server.texts(at)).toHaveLength(10);
  });

  it("asks for the zone where the answer with TXT does not tell it", async () => {
    const { server, provider } = world();
    server.put(at, { text: "foreign", ttl: 777 });
    expect(await publish(provider())).toHaveProperty("change");
    expect(server.messages.map(({ update }) => update)).toEqual([false, false, true]);
    expect(server.ttls(at)).toEqual([777, 777]);
  });

  it("gives its records a minute where there are no neighbours", async () => {
    const { server, provider } = world();
    expect(await publish(provider())).toHaveProperty("change");
    expect(server.ttls(at)).toEqual([60]);
  });

  it("finds the deepest zone, and the zone's own name", async () => {
    const { server, provider } = world();
    server.addZone("deep.one.test");
    const results = await (await provider()).publish([
      { name: "_acme-challenge.deep.one.test", value: "v" },
      { name: "deep.one.test", value: "v" },
    ]);
    expect(results).toMatchObject([
      { change: expect.stringMatching(/^deep\.one\.test@/) },
      { change: expect.stringMatching(/^deep\.one\.test@/) },
    ]);
  });

  it("tells a CNAME at the name, seen at once or only by the prerequisite, and serves its neighbours", async () => {
    const { server, provider } = world();
    server.put("a.one.test", { type: "CNAME", text: "elsewhere.test" });
    server.before = async () => server.put("b.one.test", { type: "CNAME", text: "elsewhere.test" });
    const names = ["a.one.test", "b.one.test", "c.one.test"];
    const results = await (await provider()).publish(names.map((name) => ({ name, value: "v" })));
    expect(results).toMatchObject([
      { error: { name: "RefusedError", reason: "ChallengeNameTaken" } },
      { error: { name: "RefusedError", reason: "ChallengeNameTaken", message: expect.stringContaining("b.one.test") } },
      { change: expect.any(String) },
    ]);
    expect(await (await provider()).cleanUp([{ name: "a.one.test", value: "v" }])).toMatchObject([{ unchanged: true }]);
  });

  it("refuses a name that the key may not change, and serves its neighbours", async () => {
    const { server, provider } = world();
    server.closed.add("b.one.test");
    const names = ["a.one.test", "b.one.test", "c.one.test"];
    const results = await (await provider()).publish(names.map((name) => ({ name, value: "v" })));
    const reasons = results.map((result) => ("error" in result ? result.error : "done"));
    expect(reasons).toMatchObject(["done", { reason: "DnsUpdateRefused" }, "done"]);
  });

  it.each([
    ["another secret", { ...key, secret: Buffer.from("wrong") }, "TsigRefused", /does not accept the signature/],
    ["another name", { ...key, name: "nobody" }, "TsigRefused", /does not know the key/],
    ["another algorithm", { ...key, algorithm: "HMACSHA512" as const }, "TsigRefused", /does not know the key/],
  ])("tells that the key has %s", async (_, own, reason, words) => {
    const result = await publish(world(own).provider());
    expect(result).toMatchObject({ error: { reason, message: expect.stringMatching(words) } });
    expect(JSON.stringify(result)).not.toContain(own.secret.toString("base64"));
  });

  it("tells that the clocks differ", async () => {
    const server = fakeNameServer(key, () => Date.parse("2026-01-01T00:10:00Z") / 1_000);
    server.addZone("one.test");
    const clock = { now: () => new Date("2026-01-01T00:00:00Z") };
    const result = await publish(rfc2136Records({ exchange: server.exchange, clock, protocol: "UDP", key }));
    expect(result).toMatchObject({ error: { reason: "TsigRefused", message: expect.stringContaining("time of day") } });
  });

  it.each([
    [2, "UnavailableError", "NameServerUnavailable"],
    [5, "RefusedError", "HostedZoneNotFound"],
  ])("takes code %d of a query for what it is", async (code, name, reason) => {
    const { server, provider } = world();
    server.answer = code;
    expect(await publish(provider())).toMatchObject({ error: { name, reason } });
  });

  it.each([
    [2, "UnavailableError", "NameServerUnavailable"],
    [4, "RefusedError", "DnsUpdateRefused"],
    [9, "RefusedError", "DnsUpdateRefused"],
  ])("takes code %d of an update for what it is", async (code, name, reason) => {
    const { server, provider } = world();
    server.before = async () => {
      server.answer = code;
    };
    expect(await publish(provider())).toMatchObject({ error: { name, reason } });
  });

  it("does not believe an answer that was changed on its way", async () => {
    const { server } = world();
    server.put(at, { text: "foreign" });
    const provider = rfc2136Records({
      exchange: async (message, way) => {
        const answer = Buffer.from(await server.exchange(message, way));
        const place = answer.indexOf("foreign");
        if (place > 0) answer.write("forging", place);
        return answer;
      },
      clock: { now: () => new Date("2026-01-01T00:00:00Z") },
      protocol: "UDP",
      key,
    });
    const error = { reason: "NameServerUnavailable", message: expect.stringContaining("whose signature is wrong") };
    expect(await publish(provider)).toMatchObject({ error });
    expect(server.texts(at)).toEqual(["foreign"]);
  });

  it("does not believe an answer that was signed long ago", async () => {
    const { server, provider } = world();
    server.lateSeconds = 301;
    expect(await publish(provider())).toMatchObject({ error: { reason: "NameServerUnavailable" } });
  });
});

describe("rfc2136 opened for an issuer", () => {
  const config = {
    nameserver: { host: "127.0.0.1", port: 9 },
    protocol: "TCP" as const,
    tsig: { keyName: "k", algorithm: "HMACSHA256" as const, secretRef: { name: "dns", key: "tsig" } },
  };
  const access = (text: string) => ({
    clock: { now: () => new Date() },
    fetch,
    aws: () => Promise.reject(new Error("nothing of AWS is called")),
    secret: async () => text,
    allowedPrivateHosts: [],
    ...withoutDns,
  });

  it.each(["not base64!", "", "YQ"])("refuses a stored secret of %j only when it is no base64", async (text) => {
    const opened = rfc2136.create(config, access(text));
    if (text === "YQ") await expect(opened).resolves.toBeDefined();
    else await expect(opened).rejects.toMatchObject({ reason: "TsigSecretInvalid" });
  });

  it("never asks a private name server that the operator did not allow", async () => {
    const result = await publish(await rfc2136.create(config, access("YQ==")));
    expect(result).toMatchObject({ error: { name: "RefusedError", reason: "ForbiddenNameServer" } });
  });

  it("asks for no right in AWS", () => {
    const permissions = rfc2136.permissions({ zones: "*", validationZones: [], functions: [] });
    expect(permissions).toEqual({ publish: [], settled: [], cleanUp: [] });
  });
});

describe("dns01.rfc2136", () => {
  const ref = { name: "dns", key: "tsig" };
  const signed = { tsigKeyName: "Key.Example.com.", tsigSecretSecretRef: ref };
  const form =
    "nameserver must be set in the form host:port where host is an IPv4 address, an enclosed IPv6 address or a hostname and port is an optional port number.";

  it.each<[string, object, string[]]>([
    ["takes a server alone", { nameserver: "ns1.example.com" }, []],
    [
      "takes a key, its algorithm in any case",
      { nameserver: "192.0.2.1:53", ...signed, tsigAlgorithm: "hmacSHA256" },
      [],
    ],
    ["takes TCP", { nameserver: "[2001:db8::1]:5353", protocol: "TCP" }, []],
    ["wants a server", {}, ["rfc2136.nameserver: Required value: the server that takes the updates"]],
    ["wants a port", { nameserver: "ns1:dns" }, [`rfc2136.nameserver: Invalid value: "ns1:dns": ${form}`]],
    [
      "wants a port that exists",
      { nameserver: "ns1:65536" },
      [`rfc2136.nameserver: Invalid value: "ns1:65536": ${form}`],
    ],
    [
      "wants the key's secret",
      { nameserver: "ns1", tsigKeyName: "k" },
      [
        "rfc2136.tsigSecretSecretRef.name: Required value: secret name is required",
        "rfc2136.tsigSecretSecretRef.key: Required value: secret key is required",
      ],
    ],
    [
      "wants the secret's key name",
      { nameserver: "ns1", tsigSecretSecretRef: ref },
      ["rfc2136.tsigKeyName: Required value: the secret belongs to a key"],
    ],
    [
      "wants a domain name as key name",
      { nameserver: "ns1", ...signed, tsigKeyName: "two words" },
      ['rfc2136.tsigKeyName: Invalid value: "two words": must be a domain name'],
    ],
    [
      "wants a known algorithm",
      { nameserver: "ns1", ...signed, tsigAlgorithm: "HMACSHA224" },
      [
        'rfc2136.tsigAlgorithm: Unsupported value: "HMACSHA224": supported values: "HMACMD5", "HMACSHA1", "HMACSHA256", "HMACSHA512"',
      ],
    ],
    [
      "wants UDP or TCP, in this case",
      { nameserver: "ns1", protocol: "tcp" },
      ['rfc2136.protocol: Unsupported value: "tcp": supported values: "UDP", "TCP"'],
    ],
  ])("%s", (_, fields, faults) => {
    expect(solverFaults({ rfc2136: fields })).toEqual(faults);
  });

  it.each<[string, { host: string; port: number }]>([
    ["ns1.example.com", { host: "ns1.example.com", port: 53 }],
    ["192.0.2.1:5353", { host: "192.0.2.1", port: 5_353 }],
    ["[2001:db8::1]", { host: "2001:db8::1", port: 53 }],
    ["[2001:db8::1]:5353", { host: "2001:db8::1", port: 5_353 }],
    ["2001:db8::1", { host: "2001:db8::1", port: 53 }],
  ])("reads %s", (nameserver, read) => {
    expect(solverConfig({ rfc2136: { nameserver } })).toEqual({ nameserver: read, protocol: "UDP" });
  });

  it("keeps the reference, cert-manager's default algorithm, and the key's name as DNS compares it", () => {
    expect(solverConfig({ rfc2136: { nameserver: "ns1", ...signed } })).toMatchObject({
      tsig: { keyName: "key.example.com", algorithm: "HMACMD5", secretRef: ref },
    });
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lookAtServers } from "../../../../adapters/dns/acme-dns/look.ts";
import { openAcmeDns } from "../../../../adapters/dns/acme-dns/records.ts";
import { acmeDNS } from "../../../../adapters/dns/acme-dns.ts";
import { testDnsProvider } from "../../../contract/dns-provider.ts";
import { startAcmeDns } from "../../../support/acme-dns-server.ts";
import { acmeDnsWorld } from "../../../support/acme-dns-world.ts";
import { withoutDns } from "../../../support/memory-lookup.ts";
import { solverConfig, solverFaults } from "../../../support/solver-faults.ts";

let second = 1;
let tick = 1;
let server: Awaited<ReturnType<typeof startAcmeDns>>;
const at = "_acme-challenge.www.one.test";
const both = ["one", "two"].map((value) => ({ name: at, value }));

beforeAll(async () => {
  server = await startAcmeDns("auth.test", () => {
    second += tick;
    return second;
  });
});
afterAll(() => server.close());

testDnsProvider("acme-dns on a server of ours", () => acmeDnsWorld(server), { lastTwoOnly: true });

describe("acme-dns", () => {
  it("serves both values when two functions publish them in the same second, where writing again would lose one", async () => {
    tick = 0;
    const world = await acmeDnsWorld(server);
    const [one, other] = [await world.provider(), await world.provider()];
    await Promise.all([one.publish(both), other.publish(both)]);
    await one.publish(both);
    expect((await world.values(at)).sort()).toEqual(["one", "two"]);
    tick = 1;
  });

  it("keeps a value that it still needs from being the one that is pushed out", async () => {
    const world = await acmeDnsWorld(server);
    const dns = await world.provider();
    await dns.publish([{ name: at, value: "one" }]);
    await world.addForeign(at, "foreign");
    await dns.publish(both);
    expect((await world.values(at)).sort()).toEqual(["one", "two"]);
  });

  it("says so when a value does not come to stay: of one second, the server replaces the first place only", async () => {
    tick = 0;
    const world = await acmeDnsWorld(server);
    for (const value of ["foreign", "another"]) await world.addForeign(at, value);
    const results = await (await world.provider()).publish(both);
    tick = 1;
    expect(results.map((result) => "error" in result && result.error)).toContainEqual(
      expect.objectContaining({ name: "UnavailableError", reason: "AcmeDnsOverwritten" }),
    );
    await (await world.provider()).publish(both);
    expect((await world.values(at)).sort()).toEqual(["one", "two"]);
  });

  it("writes each value once when nobody answers over DNS", async () => {
    const world = await acmeDnsWorld(server);
    const dns = await world.provider();
    world.silenceDns();
    const results = await dns.publish(both);
    expect(results.map((result) => "change" in result)).toEqual([true, true]);
    expect(world.updates()).toBe(2);
    expect((await world.values(at)).sort()).toEqual(["one", "two"]);
  });

  it("takes the name at the end of the CNAME for its domain's account", async () => {
    const world = await acmeDnsWorld(server);
    const [result] = await (await world.provider()).publish([{ name: world.fulldomain("www.one.test"), value: "one" }]);
    expect(result).toHaveProperty("change");
    expect(await world.values(at)).toEqual(["one"]);
  });

  it("names the domain whose account is missing", async () => {
    const dns = await (await acmeDnsWorld(server)).provider();
    const [result] = await dns.publish([{ name: "_acme-challenge.else.test", value: "one" }]);
    expect(result).toHaveProperty("error.message", expect.stringContaining("no acme-dns account for else.test"));
  });
});

describe("acme-dns: what is refused", () => {
  const account = { username: "u", password: "p", subdomain: "s", fulldomain: "s.auth.test", allowfrom: [] };
  const open = (secret: string, more: object = {}) =>
    openAcmeDns(
      { host: "https://auth.test", accountSecretRef: { name: "a", key: "k" } },
      {
        clock: { now: () => new Date(0) },
        secret: async () => secret,
        aws: () => Promise.reject(new Error("nothing of AWS is called")),
        fetch: async () => Response.json({ error: "forbidden" }, { status: 401 }),
        allowedPrivateHosts: [],
        ...withoutDns,
        addressesOf: async () => ["9.9.9.9"],
        ...more,
      },
      async () => [],
    );
  const publish = async (more: object) => {
    const dns = await open(JSON.stringify({ "one.test": account }), more);
    const [result] = await dns.publish([{ name: "_acme-challenge.one.test", value: "v" }]);
    return result && "error" in result ? result.error : result;
  };

  it.each([
    ["no JSON", "secret-text"],
    ["no accounts", '{"one.test": {"username": "secret-text"}}'],
    ["an account alone", JSON.stringify({ ...account, password: "secret-text" })],
    ["a list", "[]"],
  ])("a secret with %s, without a word of it", async (_, secret) => {
    const refused = open(secret);
    await expect(refused).rejects.toMatchObject({ name: "RefusedError", reason: "AcmeDnsAccountsInvalid" });
    await expect(refused).rejects.not.toThrow("secret-text");
  });

  it("an account that the server does not know", async () => {
    expect(await publish({})).toMatchObject({
      reason: "AcmeDnsRefused",
      message: "The acme-dns server answered 401 to POST /update: forbidden",
    });
  });

  it("a server inside the installation's network", async () => {
    const addressesOf = async () => ["9.9.9.9", "10.0.0.7"];
    expect(await publish({ addressesOf })).toMatchObject({ name: "RefusedError", reason: "ForbiddenUrl" });
    expect(await publish({ addressesOf, allowedPrivateHosts: ["auth.test"] })).toMatchObject({
      reason: "AcmeDnsRefused",
    });
  });
});

describe("lookAtServers", () => {
  it("asks nobody when the zone has no public server", async () => {
    const asked: string[] = [];
    const look = lookAtServers({
      resolveNs: async (zone) => {
        asked.push(zone);
        return ["ns.auth.test"];
      },
      resolve4: async () => ["127.0.0.1", "169.254.169.254"],
    });
    expect(await look("s.auth.test")).toBeUndefined();
    expect(await look("t.auth.test")).toBeUndefined();
    expect(asked).toEqual(["auth.test"]);
  });

  it("knows nothing when the zone cannot be found", async () => {
    const lost = () => Promise.reject(new Error("ESERVFAIL"));
    expect(await lookAtServers({ resolveNs: lost, resolve4: lost })("s.auth.test")).toBeUndefined();
  });
});

describe("dns01.acmeDNS", () => {
  const accountSecretRef = { name: "acme-dns", key: "acmedns.json" };

  it.each<[string, object, string[]]>([
    ["takes a host and a reference", { host: "https://auth.example.com", accountSecretRef }, []],
    ["wants a host", { accountSecretRef }, ["acmeDNS.host: Required value: the URL of the acme-dns server"]],
    [
      "wants https, and shows nothing of the host",
      { host: "http://auth.example.com", accountSecretRef },
      ['acmeDNS.host: Invalid value: "(not shown)": must be an https URL without credentials'],
    ],
    [
      "wants a key",
      { host: "https://auth.example.com", accountSecretRef: { name: "acme-dns" } },
      ["acmeDNS.accountSecretRef.key: Required value: secret key is required"],
    ],
  ])("%s", (_, fields, faults) => {
    expect(solverFaults({ acmeDNS: fields })).toEqual(faults);
  });

  it("refuses roots of its own with the way out", () => {
    const faults = solverFaults({ acmeDNS: { host: "https://auth.example.com", accountSecretRef, caBundle: "eA==" } });
    expect(faults).toEqual(["acmeDNS.caBundle: Forbidden: not supported by this version of certwright"]);
  });

  it("is opened from its registry entry", async () => {
    const config = solverConfig({ acmeDNS: { host: "https://auth.example.com/", accountSecretRef } });
    expect(config).toEqual({ host: "https://auth.example.com", accountSecretRef });
    const clock = { now: () => new Date() };
    const aws = () => Promise.reject();
    const access = { secret: async () => "{}", clock, fetch, aws, allowedPrivateHosts: [], ...withoutDns };
    const dns = await acmeDNS.create(config as never, access);
    expect(await dns.publish([])).toEqual([]);
  });
});

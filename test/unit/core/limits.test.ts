import { describe, expect, it } from "vitest";
import {
  bucketsNamedBy,
  bucketsOfKeys,
  executionsBucket,
  inFlightBucket,
  isRenewal,
  limitsOf,
  type RateLimits,
} from "../../../core/limits.ts";
import { needsOf } from "../../../core/needs.ts";
import { newIssuer } from "../../support/realistic-rows.ts";

const letsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";
const otherCa = "https://acme.example.com/directory";
const issuer = newIssuer();
const server = issuer.acme?.server;
const all: RateLimits = limitsOf(letsEncrypt, undefined);

const atLetsEncrypt = newIssuer();
if (atLetsEncrypt.acme) atLetsEncrypt.acme.server = letsEncrypt;

const keysOf = (needs: ReturnType<typeof needsOf>) =>
  [...needs.orders, ...needs.domains, ...needs.sets].map(({ key }) => key);
const domainsOf = (names: string[]) => needsOf(issuer, all, names, "new").domains.map(({ key }) => key.split("#")[2]);

describe("the limits in force", () => {
  it("at Let's Encrypt are its published ones", () => {
    expect(all).toMatchObject({
      newOrders: { capacity: 300, refillSeconds: 36 },
      certificatesPerDomain: { capacity: 50, refillSeconds: 12_120 },
      identifierSets: { capacity: 5, refillSeconds: 122_400 },
    });
  });

  it.each([
    ["another CA", otherCa],
    ["a host that only contains the name", "https://acme-v02.api.letsencrypt.org.example.com/directory"],
    ["a user name that looks like the host", "https://acme-v02.api.letsencrypt.org@example.com/directory"],
  ])("at %s are only our own", (_what, url) => {
    expect(Object.keys(limitsOf(url, undefined)).sort()).toEqual(["executions", "ordersInFlight"]);
  });

  it.each(["https://ACME-v02.api.letsencrypt.org/directory", "https://acme-v02.api.letsencrypt.org:443/directory"])(
    "are known however the URL is written: %s",
    (url) => {
      expect(limitsOf(url, undefined).newOrders).toBeDefined();
    },
  );

  it("start 20 executions a minute for each issuer everywhere", () => {
    expect(limitsOf(otherCa, undefined).executions).toEqual({ capacity: 20, refillSeconds: 3 });
  });

  it("are the configured ones where there are any", () => {
    const configured: RateLimits = { newOrders: { capacity: 3_000, refillSeconds: 4 }, identifierSets: "off" };
    expect(limitsOf(letsEncrypt, configured)).toEqual({ ...all, ...configured });
  });
});

describe("what an issuance takes", () => {
  const names = ["www.example.com", "example.com", "shop.example.org"];

  it("the first time is an order, each registered domain once, and the set", () => {
    const needs = needsOf(issuer, all, names, "new");
    expect(needs.orders.map(({ key }) => key)).toEqual([`orders#${issuer.acme?.accountUrl}`]);
    expect(needs.domains.map(({ key }) => key)).toEqual([
      `domain#${server}#example.com`,
      `domain#${server}#example.org`,
    ]);
    expect(needs.sets).toHaveLength(1);
    expect(needs.orders[0]).toMatchObject({ capacity: 300, refillSeconds: 36 });
  });

  it("is all of it for a renewal at a CA that is not known to exempt any", () => {
    expect(keysOf(needsOf(issuer, all, names, "replaces"))).toEqual(keysOf(needsOf(issuer, all, names, "new")));
  });

  it("for a renewal of the same set is only the set", () => {
    const needs = needsOf(atLetsEncrypt, all, names, "renewal");
    expect(needs).toEqual({ orders: [], domains: [], sets: needsOf(atLetsEncrypt, all, names, "new").sets });
    expect(needs.sets).toHaveLength(1);
  });

  it("for an order that names what it replaces is nothing", () => {
    expect(keysOf(needsOf(atLetsEncrypt, all, names, "replaces"))).toEqual([]);
  });

  it("is nothing of a limit that is off or not there", () => {
    expect(keysOf(needsOf(issuer, { newOrders: "off", identifierSets: "off" }, names, "new"))).toEqual([]);
  });

  it.each([
    ["subdomains count as their registered domain", ["a.b.example.com", "c.example.com"], ["example.com"]],
    ["a wildcard counts as its registered domain", ["*.example.com", "example.com"], ["example.com"]],
    ["a public suffix of two labels", ["a.example.co.uk", "b.example.co.uk"], ["example.co.uk"]],
    ["private suffixes count as suffixes", ["a.github.io", "b.github.io"], ["a.github.io", "b.github.io"]],
    ["a name of its own below a TLD nobody knows", ["www.example.test"], ["example.test"]],
  ])("%s", (_sentence, some, domains) => {
    expect(domainsOf(some)).toEqual(domains);
  });

  it("is the same set whatever the order of the names, and another one with one name more", () => {
    const setOf = (some: string[]) => needsOf(issuer, all, some, "new").sets[0]?.key;
    expect(setOf(["b.example.com", "a.example.com"])).toBe(setOf(["a.example.com", "b.example.com"]));
    expect(setOf(["a.example.com"])).not.toBe(setOf(["a.example.com", "b.example.com"]));
    expect(setOf(["example.com"])).not.toBe(setOf(["*.example.com"]));
  });

  it("is counted for each account (orders) and for each CA (domains, sets)", () => {
    const twin = newIssuer({ acme: { ...issuer.acme, accountUrl: "https://acme.test/acct/2" } as never });
    const [mine, other] = [needsOf(issuer, all, names, "new"), needsOf(twin, all, names, "new")];
    expect(other.orders[0]?.key).not.toBe(mine.orders[0]?.key);
    expect([other.domains, other.sets]).toEqual([mine.domains, mine.sets]);
  });
});

describe("the buckets behind the keys that an attempt carries", () => {
  const needs = needsOf(issuer, all, ["www.example.com"], "new");
  const carried = [...needs.domains, ...needs.sets, ...inFlightBucket("_cluster/ClusterIssuer/le", all)];

  it("are the ones it took from", () => {
    expect(
      bucketsOfKeys(
        carried.map(({ key }) => key),
        all,
      ),
    ).toEqual(carried);
    expect(carried).toHaveLength(3);
  });

  it("are none for a limit that was switched off since", () => {
    const now: RateLimits = { ...all, identifierSets: "off" };
    expect(
      bucketsOfKeys(
        carried.map(({ key }) => key),
        now,
      ),
    ).toHaveLength(2);
  });

  it("are none for a key of an older version", () => {
    expect(bucketsOfKeys(["quota#x", "plain"], all)).toEqual([]);
  });

  it("of executions and of orders in flight are the issuer's own", () => {
    expect(executionsBucket("web/Issuer/le", all)).toMatchObject([{ key: "executions#web/Issuer/le", capacity: 20 }]);
    expect(inFlightBucket("web/Issuer/le", all)).toMatchObject([{ key: "inFlight#web/Issuer/le", capacity: 1_000 }]);
  });
});

describe("a lane", () => {
  it("renew may use a bucket to its end, new may not", () => {
    expect([isRenewal("renew"), isRenewal("new")]).toEqual([true, false]);
  });
});

describe("a CA's 429", () => {
  const buckets = needsOf(newIssuer(), all, ["www.example.com", "www.example.org"], "new");
  const every = [...buckets.orders, ...buckets.domains, ...buckets.sets];

  it.each([
    ["too many new orders (300) from this account in the last 3h0m0s, retry after 2026-11-22 12:00:00 UTC", ["orders"]],
    ["too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s", ["set"]],
    ['too many certificates (50) already issued for "example.org" in the last 168h0m0s', ["domain"]],
    ['too many failed authorizations (5) for "example.org" in the last 1h0m0s', []],
  ])("%s", (problem, kinds) => {
    const named = bucketsNamedBy(problem, every);
    expect(named.map(({ key }) => key.slice(0, key.indexOf("#")))).toEqual(kinds);
    if (kinds[0] === "domain") expect(named[0]?.key.endsWith("#example.org")).toBe(true);
  });
});

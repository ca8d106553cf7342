import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ariCertId, readCertificate, verifyChain } from "../../../core/certificate-identity.ts";
import type { RateLimitedError } from "../../../core/errors.ts";
import { registeredDomain } from "../../../core/names.ts";
import { fleetCa } from "../../bench/fleet/ca.ts";
import { fleetClock } from "../../bench/fleet/clock.ts";
import { dnsName, zoneNames } from "../../bench/fleet/seed.ts";
import { signer } from "../../bench/fleet/x509.ts";

const start = Date.parse("2026-11-22T12:00:00Z");
const day = 86_400_000;
const key = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const sizes = { leafBytes: 1_000, intermediateBytes: 1_100 };
const made = signer({ leaf: key(), ca: key() }, sizes, start);
const chain = made.chain({
  names: ["a.example.com", "*.b.example.com"],
  notBefore: start,
  notAfter: start + 7 * day,
  serial: 5,
});

describe("the fleet's certificates", () => {
  it("are read by the product: names, times, signatures and the id that replaces goes by", () => {
    const leaf = readCertificate(chain);
    expect(leaf.names).toEqual(["a.example.com", "*.b.example.com"]);
    expect([leaf.notBefore.getTime(), leaf.notAfter.getTime()]).toEqual([start, start + 7 * day]);
    expect(verifyChain(chain)).toBe(true);
    expect(ariCertId(chain)).toMatch(/^[\w-]{27}\.[\w-]{12}$/);
  });

  it("weigh what a real CA's do", () => {
    const bytes = chain
      .match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g)
      ?.map((pem) => new X509Certificate(pem).raw.length);
    expect(Math.abs((bytes?.[0] ?? 0) - sizes.leafBytes)).toBeLessThan(30);
    expect(Math.abs((bytes?.[1] ?? 0) - sizes.intermediateBytes)).toBeLessThan(30);
  });
});

describe("the fleet's names", () => {
  it("lie in as many registered domains and zones as asked for, by the list Let's Encrypt counts by", () => {
    const fleet = { certificates: 1_000, domains: 200, zones: 50 };
    const names = Array.from({ length: 1_000 }, (_, index) => dnsName(fleet, index));
    expect(new Set(names).size).toBe(1_000);
    expect(new Set(names.map(registeredDomain)).size).toBe(200);
    const zones = zoneNames(fleet);
    expect(zones).toHaveLength(50);
    expect(names.every((name) => zones.some((zone) => name.endsWith(`.${zone}`)))).toBe(true);
  });
});

describe("the fleet's CA", () => {
  const shape = {
    base: "https://ca.example",
    ...{ requestMs: 1, validationMs: 1, issuanceMs: 1, retryAfterSeconds: undefined, offersRenewalInfo: true },
    lifetimeMs: 7 * day,
    limits: {
      newOrders: { capacity: 3, refillSeconds: 36 },
      certificatesPerDomain: { capacity: 2, refillSeconds: 3_600 },
      identifierSets: { capacity: 1, refillSeconds: 7_200 },
    },
  };
  const orders = (wanted: { names: string[]; replaces?: string }[]) => {
    const ca = fleetCa(fleetClock(start), shape, made);
    return wanted.map((request) => {
      try {
        return ca.newOrder(request) && "made";
      } catch (error) {
        return (error as RateLimitedError).retryAt.getTime() - start;
      }
    });
  };

  it("refuses by each of its limits and says when to come back", () => {
    const [one, two, three, four] = ["a.one.com", "b.two.com", "c.three.com", "d.four.com"].map((name) => ({
      names: [name],
    }));
    expect(orders([one, two, three, four].flatMap((each) => each ?? []))).toEqual(["made", "made", "made", 36_000]);
    expect(orders([{ names: ["a.one.com"] }, { names: ["a.one.com"] }])).toEqual(["made", 7_200_000]);
    const same = ["a", "b", "c"].map((host) => ({ names: [`${host}.one.com`] }));
    expect(orders(same)).toEqual(["made", "made", 3_600_000]);
  });

  it("counts no order that replaces a certificate, but only one for each", () => {
    const replacing = { names: ["a.one.com"], replaces: "id" };
    expect(orders([replacing, replacing, { names: ["a.one.com"] }])).toEqual(["made", "made", 7_200_000]);
  });
});

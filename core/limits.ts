import type { IssuerSpec } from "./issuer.ts";
import type { Bucket } from "./rate-limit.ts";
import type { IssuerRow, Lane } from "./rows.ts";

/** One limit as configured: its size and how fast it comes back; "off" switches it off. */
export type Limit = { capacity: number; refillSeconds: number } | "off";

/** The annotation `certwright.dev/rate-limits` of an issuer. */
export interface RateLimits {
  newOrders?: Limit;
  certificatesPerDomain?: Limit;
  identifierSets?: Limit;
  executions?: Limit;
  ordersInFlight?: Limit;
}

/** Let's Encrypt's published limits (letsencrypt.org/docs/rate-limits, 2026-08-05). */
const letsEncrypt: RateLimits = {
  newOrders: { capacity: 300, refillSeconds: 36 },
  certificatesPerDomain: { capacity: 50, refillSeconds: 202 * 60 },
  identifierSets: { capacity: 5, refillSeconds: 34 * 3_600 },
};

/** Our own limits, for every CA. In flight comes back slowly by itself, so that a lost count heals. */
const ours: RateLimits = {
  executions: { capacity: 20, refillSeconds: 3 },
  ordersInFlight: { capacity: 1_000, refillSeconds: 10 },
};

/** Directory hosts that get Let's Encrypt's numbers by default. Its staging environment has other, far wider ones. */
const letsEncryptHosts = ["acme-v02.api.letsencrypt.org"];

/** The limits in force for an issuer. */
export function limitsOf(server: string, configured: RateLimits | undefined): RateLimits {
  const defaults = letsEncryptHosts.includes(new URL(server).host) ? letsEncrypt : {};
  return { ...ours, ...defaults, ...configured };
}

/** The same, of an issuer as State knows it. */
export function limitsOfIssuer(issuer: IssuerRow): RateLimits {
  const spec = issuer.spec as IssuerSpec | undefined;
  return limitsOf(issuer.acme?.server ?? "https://unknown.invalid", spec?.rateLimits);
}

/** One token for each execution started for the issuer. */
export function executionsBucket(issuerId: string, limits: RateLimits): Bucket[] {
  return bucket(`executions#${issuerId}`, limits.executions);
}

/** One token for each attempt under way at the issuer; given back when it ends. */
export function inFlightBucket(issuerId: string, limits: RateLimits): Bucket[] {
  return bucket(`inFlight#${issuerId}`, limits.ordersInFlight);
}

/** The buckets behind keys that an attempt carries; a limit that was switched off since has none. */
export function bucketsOfKeys(keys: string[], limits: RateLimits): Bucket[] {
  const limitOf: Record<string, Limit | undefined> = {
    orders: limits.newOrders,
    domain: limits.certificatesPerDomain,
    set: limits.identifierSets,
    executions: limits.executions,
    inFlight: limits.ordersInFlight,
  };
  return keys.flatMap((key) => bucket(key, limitOf[key.slice(0, key.indexOf("#"))]));
}

/** A bucket of this key, or none when the limit is off. */
export function bucket(key: string, limit: Limit | undefined): Bucket[] {
  return limit === undefined || limit === "off" ? [] : [{ key, ...limit }];
}

/** Lane renew may use a bucket to its end. */
export function isRenewal(lane: Lane): boolean {
  return lane === "renew";
}

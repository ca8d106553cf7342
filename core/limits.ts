import { type IssuerSpec, signsAtOnce } from "./issuer.ts";
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

/**
 * Let's Encrypt's published limits by directory host (letsencrypt.org/docs/rate-limits of 2026-08-05 and
 * letsencrypt.org/docs/staging-environment). Other CAs have none by default.
 */
const published: Record<string, RateLimits> = {
  "acme-v02.api.letsencrypt.org": {
    newOrders: { capacity: 300, refillSeconds: 36 },
    certificatesPerDomain: { capacity: 50, refillSeconds: 202 * 60 },
    identifierSets: { capacity: 5, refillSeconds: 34 * 3_600 },
  },
  "acme-staging-v02.api.letsencrypt.org": {
    newOrders: { capacity: 1_500, refillSeconds: 7.2 },
    certificatesPerDomain: { capacity: 30_000, refillSeconds: 20 },
    identifierSets: { capacity: 30_000, refillSeconds: 20 },
  },
};

/** Our own limits, for every CA. In flight comes back slowly by itself, so that a lost count heals. */
const ourExecutions: Limit = { capacity: 20, refillSeconds: 3 };
const ours: RateLimits = {
  executions: ourExecutions,
  ordersInFlight: { capacity: 1_000, refillSeconds: 10 },
};

/** Whether the CA exempts renewals from some limits, as Let's Encrypt does; of others we know nothing. */
export function exemptsRenewals(server: string): boolean {
  return published[new URL(server).host] !== undefined;
}

/** The limits in force for an issuer. */
export function limitsOf(server: string, configured: RateLimits | undefined): RateLimits {
  return { ...ours, ...published[new URL(server).host], ...configured };
}

/** The same, of an issuer as State knows it; one that signs at once has no limit but of its executions. */
export function limitsOfIssuer(issuer: IssuerRow): RateLimits {
  const spec = issuer.spec as IssuerSpec | undefined;
  if (signsAtOnce(issuer)) return { executions: spec?.rateLimits?.executions ?? ourExecutions };
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

/** New orders are counted by account; before there is one, by server. */
export function ordersKey(issuer: IssuerRow): string {
  return `orders#${issuer.acme?.accountUrl ?? issuer.acme?.server ?? ""}`;
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

/**
 * Which of these buckets a CA's 429 speaks of, by Boulder's words: "too many new orders", "already issued for this exact set",
 * "already issued for \"example.com\"". None when it says something else.
 */
export function bucketsNamedBy(problem: string, buckets: Bucket[]): Bucket[] {
  const named = (prefix: string, ending = "") =>
    buckets.filter(({ key }) => key.startsWith(prefix) && key.endsWith(ending));
  if (/new orders/i.test(problem)) return named("orders#");
  if (/exact set/i.test(problem)) return named("set#");
  const domain = /already issued for "([^"]+)"/i.exec(problem)?.[1];
  return domain ? named("domain#", `#${domain}`) : [];
}

/** A bucket of this key, or none when the limit is off. */
export function bucket(key: string, limit: Limit | undefined): Bucket[] {
  return limit === undefined || limit === "off" ? [] : [{ key, ...limit }];
}

/** Lane renew may use a bucket to its end. */
export function isRenewal(lane: Lane): boolean {
  return lane === "renew";
}

import { signsAtOnce } from "./issuer.ts";
import { bucket, exemptsRenewals, ordersKey, type RateLimits } from "./limits.ts";
import { identifierSetHash, registeredDomain } from "./names.ts";
import type { Bucket } from "./rate-limit.ts";
import type { IssuerRow } from "./rows.ts";

/** What one issuance takes from the CA's buckets. */
export interface Needs {
  orders: Bucket[];
  /** Given back once when the attempt ends without a certificate. */
  domains: Bucket[];
  sets: Bucket[];
}

/**
 * How an issuance counts at the CA. `renewal`: the same identifier set again; `replaces`: the order names the certificate it
 * replaces (RFC 9773 5), which Let's Encrypt exempts from all its limits.
 */
export type Counting = "new" | "renewal" | "replaces";

/** The CA's buckets that one issuance needs a token of. Names are A-labels. */
export function needsOf(issuer: IssuerRow, limits: RateLimits, names: string[], counting: Counting): Needs {
  const none: Needs = { orders: [], domains: [], sets: [] };
  if (signsAtOnce(issuer)) return none;
  const server = issuer.acme?.server ?? "https://unknown.invalid";
  const exempt = exemptsRenewals(server);
  if (exempt && counting === "replaces") return none;
  const sets = bucket(`set#${server}#${identifierSetHash(names)}`, limits.identifierSets);
  if (exempt && counting === "renewal") return { ...none, sets };
  const domains = [...new Set(names.map(registeredDomain))].sort();
  return {
    orders: bucket(ordersKey(issuer), limits.newOrders),
    domains: domains.flatMap((domain) => bucket(`domain#${server}#${domain}`, limits.certificatesPerDomain)),
    sets,
  };
}

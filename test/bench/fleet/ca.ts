import type { OrderRequest } from "../../../core/acme-port.ts";
import { RateLimitedError, UnavailableError } from "../../../core/errors.ts";
import type { Limit } from "../../../core/limits.ts";
import { identifierSetHash, registeredDomain } from "../../../core/names.ts";
import { type Bucket, fullTo, take, tokensIn } from "../../../core/rate-limit.ts";
import type { BucketRow } from "../../../core/rows.ts";
import type { FleetClock } from "./clock.ts";
import type { Signer } from "./x509.ts";

/** What a CA is like. */
export interface CaShape {
  /** Scheme and host; the directory is at `/directory`. */
  base: string;
  /** Of each request, ms. */
  requestMs: number;
  /** From the answer to the challenges until the order is ready, and from finalize until the certificate is there. */
  validationMs: number;
  issuanceMs: number;
  /** What it says in Retry-After of an order it works on. */
  retryAfterSeconds: number | undefined;
  lifetimeMs: number;
  /** Enforced; absent: none. An order that replaces a certificate of it is exempt. */
  limits?: { newOrders: Limit; certificatesPerDomain: Limit; identifierSets: Limit };
  offersRenewalInfo: boolean;
}

export interface FleetOrder {
  id: string;
  names: string[];
  answered: boolean;
  readyAt: number;
  validAt: number;
}

/** An ACME CA without its wire. */
export interface FleetCa {
  shape: CaShape;
  signer: Signer;
  clock: FleetClock;
  down: boolean;
  issued: number;
  /** Orders refused with 429: our own count should let none of them happen. */
  refusedOrders: number;
  orders: Map<string, FleetOrder>;
  newOrder(request: OrderRequest): FleetOrder;
  /** Signs for an order that is valid now. */
  certificate(order: FleetOrder): string;
  /** A certificate from before the run. */
  formerly(names: string[], notBefore: number): string;
}

/** A CA that nobody has asked anything yet. */
export function fleetCa(clock: FleetClock, shape: CaShape, signer: Signer): FleetCa {
  const limits = enforced(clock, shape);
  const replaced = new Set<string>();
  let number = 0;
  const make = (names: string[], notBefore: number) => {
    number += 1;
    return signer.chain({ names, notBefore, notAfter: notBefore + shape.lifetimeMs, serial: number });
  };
  const ca: FleetCa = {
    ...{ shape, signer, clock, down: false, issued: 0, refusedOrders: 0, orders: new Map() },
    newOrder: (request) => {
      const exempt = request.replaces !== undefined && !replaced.has(request.replaces);
      if (!exempt) {
        const refusal = limits(request.names);
        if (refusal) ca.refusedOrders += 1;
        if (refusal) throw refusal;
      }
      if (request.replaces !== undefined) replaced.add(request.replaces);
      number += 1;
      // As long as Let's Encrypt's: account and order number.
      const id = `1234567890/${400_000_000_000 + number}`;
      const never = Number.POSITIVE_INFINITY;
      const order = { id, names: request.names, answered: false, readyAt: never, validAt: never };
      ca.orders.set(id, order);
      return order;
    },
    certificate: (order) => {
      ca.issued += 1;
      ca.orders.delete(order.id);
      return make(order.names, clock.at());
    },
    formerly: make,
  };
  return ca;
}

/** Throws as the adapter does when nobody answers. */
export function mustBeUp(ca: FleetCa): void {
  if (ca.down) throw new UnavailableError({ reason: "CAUnavailable", message: "the CA: HTTP 503 without a reason" });
}

type Limits = (names: string[]) => Error | undefined;

function enforced(clock: FleetClock, { limits }: CaShape): Limits {
  if (!limits) return () => undefined;
  const rows = new Map<string, BucketRow>();
  return (names) => {
    const now = clock.now();
    const domains = [...new Set(names.map(registeredDomain))];
    const set = identifierSetHash(names);
    const wanted = [
      ...bucketOf("new orders", limits.newOrders),
      ...domains.flatMap((domain) => bucketOf(`already issued for "${domain}"`, limits.certificatesPerDomain)),
      ...bucketOf(`already issued for this exact set ${set}`, limits.identifierSets),
    ];
    const empty = wanted.find((bucket) => tokensIn(bucket, rows.get(bucket.key), now) < 1);
    if (empty) return tooMany(empty, fullTo(empty, rows.get(empty.key), 1, now));
    for (const bucket of wanted) rows.set(bucket.key, take(bucket, rows.get(bucket.key), 1, now));
    return undefined;
  };
}

function bucketOf(key: string, limit: Limit): Bucket[] {
  return limit === "off" ? [] : [{ key, ...limit }];
}

function tooMany({ key }: Bucket, retryAt: Date): Error {
  return new RateLimitedError({ reason: "RateLimited", message: `too many certificates: ${key}`, retryAt });
}

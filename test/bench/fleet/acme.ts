import { createHash } from "node:crypto";
import { type NoncePool, noncePool } from "../../../adapters/issuers/acme/nonces.ts";
import type { AcmeIssuer, Order } from "../../../core/acme-port.ts";
import type { Challenge, DnsChallenge } from "../../../core/challenge.ts";
import { RateLimitedError, RefusedError } from "../../../core/errors.ts";
import { type FleetCa, type FleetOrder, mustBeUp } from "./ca.ts";
import type { Meter } from "./meter.ts";
import { type Throttle, throttle, unlimited } from "./throttle.ts";

/** What one Lambda's ACME client talks through: its address has limits of its own at the CA. */
export interface AcmeWorld {
  ca: FleetCa;
  used: Meter;
  address: Address;
  /** Whether a TXT value is on all name servers. */
  isPublished(name: string, value: string): boolean;
}

/** Let's Encrypt's limits by address: requests a second and burst, by the first part of the path. */
export interface Address {
  newNonce: Throttle;
  newOrder: Throttle;
  others: Throttle;
}

/** An address that nobody used before. */
export function address(ca: FleetCa): Address {
  if (!ca.shape.limits) {
    const free = throttle(ca.clock, unlimited);
    return { newNonce: free, newOrder: free, others: free };
  }
  return {
    newNonce: throttle(ca.clock, { burst: 10, perSecond: 20 }),
    newOrder: throttle(ca.clock, { burst: 200, perSecond: 300 }),
    others: throttle(ca.clock, { burst: 125, perSecond: 250 }),
  };
}

/** An AcmeIssuer with the requests of adapters/issuers/acme, nonces included, but no wire and no JWS. */
export function fleetAcme(world: AcmeWorld): AcmeIssuer {
  const { ca } = world;
  const { base } = ca.shape;
  const nonces = noncePool();
  const ask = (action: string) => request(world, nonces, action);
  const orderAt = (url: string) => ca.orders.get(url.slice(`${base}${orderPath}`.length));
  return {
    giveNonces: (given) => {
      for (const nonce of given) nonces.give(nonce);
    },
    takeNonce: () => nonces.take(),
    offersRenewalInfo: () => ca.shape.offersRenewalInfo,
    directory: async () => {
      await send(world, "directory", world.address.others);
      return directoryOf(ca);
    },
    registerAccount: async () => {
      await ask("newAccount");
      return { accountUrl: `${base}/acme/acct/1234567890`, created: true };
    },
    updateContact: () => ask("account"),
    revoke: () => ask("revokeCert"),
    changeKey: () => ask("keyChange"),
    deactivateAccount: () => ask("account"),
    createOrder: async (wanted) => {
      await ask("newOrder");
      return orderOf(ca, ca.newOrder(wanted));
    },
    // Let's Encrypt lists no orders.
    lostOrder: () => Promise.resolve(undefined),
    readOrder: async (url) => {
      await ask("order");
      const order = orderAt(url);
      return order && orderOf(ca, order);
    },
    challenges: async <Type extends Challenge["type"]>(order: Order) => {
      const found = orderAt(order.url);
      if (!found || order.status !== "pending") return [];
      const all: Challenge[] = [];
      for (const name of found.names) {
        await ask("authorization");
        all.push(challengeOf(base, found, name));
      }
      return all as Extract<Challenge, { type: Type }>[];
    },
    answer: async (challenge) => {
      await ask("challenge");
      if (challenge.type === "dns-01") answered(world, challenge);
    },
    refusals: () => Promise.resolve("the TXT record was not there"),
    finalize: async (order) => {
      await ask("finalize");
      const found = orderAt(order.url);
      if (!found) throw gone();
      found.validAt = Math.min(found.validAt, ca.clock.at() + ca.shape.issuanceMs);
      return orderOf(ca, found);
    },
    download: async (order) => {
      await ask("certificate");
      const found = orderAt(order.url);
      if (!found) throw gone();
      return { chain: await ca.certificate(found) };
    },
  };
}

async function request(world: AcmeWorld, nonces: NoncePool, action: string): Promise<void> {
  if (nonces.take() === undefined) await send(world, "newNonce", world.address.newNonce);
  await send(world, action, action === "newOrder" ? world.address.newOrder : world.address.others);
  given += 1;
  nonces.give(createHash("sha1").update(`${given}`).digest("base64url").padEnd(43, "0"));
}

let given = 0;

async function send({ ca, used }: AcmeWorld, action: string, limit: Throttle): Promise<void> {
  used.add(`acme ${action}`);
  await ca.clock.sleep(ca.shape.requestMs);
  mustBeUp(ca);
  if (limit.take()) return;
  used.throttled += 1;
  const retryAt = new Date(ca.clock.at() + 1_000);
  throw new RateLimitedError({ reason: "RateLimited", message: `too many requests for ${action}`, retryAt });
}

function directoryOf({ shape }: FleetCa): Record<string, unknown> {
  const { base } = shape;
  const resources = ["newNonce", "newAccount", "newOrder", "revokeCert", "keyChange"];
  return {
    ...Object.fromEntries(resources.map((name) => [name, `${base}/acme/${name}`])),
    ...(shape.offersRenewalInfo ? { renewalInfo: `${base}/acme/renewal-info` } : {}),
    meta: { profiles: { shortlived: `${base}/docs/profiles#shortlived` } },
  };
}

const orderPath = "/acme/order/";

function orderOf({ clock, shape }: FleetCa, order: FleetOrder): Order {
  const status = statusOf(order, clock.at());
  const { base, retryAfterSeconds: seconds } = shape;
  const waits = seconds !== undefined && (status === "pending" || status === "processing");
  return {
    url: `${base}${orderPath}${order.id}`,
    finalizeUrl: `${base}/acme/finalize/${order.id}`,
    status,
    authorizationUrls: order.names.map((_, index) => authorizationUrl(base, order, index)),
    ...(status === "valid" ? { certificateUrl: `${base}/acme/cert/${order.id}` } : {}),
    ...(waits ? { retryAt: new Date(clock.at() + seconds * 1_000) } : {}),
  };
}

function statusOf({ answered, readyAt, validAt }: FleetOrder, now: number): Order["status"] {
  if (validAt <= now) return "valid";
  if (Number.isFinite(validAt)) return "processing";
  if (!answered) return "pending";
  if (readyAt <= now) return "ready";
  return Number.isFinite(readyAt) ? "pending" : "invalid";
}

function authorizationUrl(base: string, { id }: FleetOrder, index: number): string {
  return `${base}/acme/authz/${id}${index}`;
}

function challengeOf(base: string, order: FleetOrder, name: string): DnsChallenge {
  const index = order.names.indexOf(name);
  const identifier = name.replace(/^\*\./, "");
  return {
    identifier,
    wildcard: identifier !== name,
    authorizationUrl: authorizationUrl(base, order, index),
    challengeUrl: `${base}/acme/chall/${order.id}${index}/AbCdEf`,
    type: "dns-01",
    recordName: `_acme-challenge.${identifier}`,
    recordValue: createHash("sha256").update(`${order.id} ${name}`).digest("base64url"),
    solver: -1,
  };
}

/** The CA looks at once; a record that is not there makes the order invalid. */
function answered(
  { ca, isPublished }: AcmeWorld,
  { authorizationUrl: url, recordName, recordValue }: DnsChallenge,
): void {
  const id = url.slice(`${ca.shape.base}/acme/authz/`.length, -1);
  const order = ca.orders.get(id);
  if (!order) return;
  order.answered = true;
  order.readyAt = isPublished(recordName, recordValue)
    ? ca.clock.at() + ca.shape.validationMs
    : Number.POSITIVE_INFINITY;
}

function gone(): RefusedError {
  return new RefusedError({ reason: "OrderGone", message: "No such order", endsAttempt: true });
}

import type { Pipeline } from "../pipeline.ts";
import { certificateSpec as spec } from "../specs.ts";
import type { Call, Injection } from "./calls.ts";
import type { FaultKind } from "./faults.ts";
import type { World } from "./world.ts";

/** How a Certificate must have ended. */
export interface Expected {
  id: string;
  ends: "ready" | "refused" | "gone";
  /** What the secret must hold; empty: there must be none. */
  names: string[];
  /** How many certificates were written for it. */
  revision: number;
  /** The name of its secret, when it is not `<name>-tls`. */
  secret?: string;
  /** How many orders at the CA it may take without a fault. */
  orders: number;
}

/** A history to play again and again with a fault at each call. */
export interface Scenario {
  name: string;
  /** What happens before calls are counted. */
  before?: (world: World) => Promise<void>;
  act: (world: World) => Promise<void>;
  /** There is no issuer before. */
  bare?: boolean;
  /** Happens just before call n, in place of a fault. */
  inject?: ((p: Pipeline) => Promise<void>) | undefined;
  /** Happens some time after a fault. */
  after?: Injection;
  /** An injection may come too late to spare an order or a revision. */
  loose?: boolean;
  expected: Expected[];
  /** The only faults that it is played with. */
  kinds?: FaultKind[] | undefined;
  /** How long it takes without a fault. */
  minutes?: number;
  /** Calls that kill whoever makes them, each time. */
  deadly?: (call: Call) => boolean;
  /** The Certificate whose records nobody can remove. */
  stuck?: string;
}

/** A name of the zone. */
export const host = (name: string) => `${name}.example.test`;

/** Ready, with one certificate of one order unless it says more. */
export function ready(name: string, more: Partial<Expected> = {}): Expected {
  return { id: `web/${name}`, ends: "ready", names: [host(name)], revision: 1, orders: 1, ...more };
}

/** Writes objects and delivers their stream records in one batch. */
export async function applyAll(p: Pipeline, specs: Record<string, object>): Promise<void> {
  for (const [name, more] of Object.entries(specs)) {
    const key = { namespace: "web", kind: "Certificate", name } as const;
    await p.requests.put({ key, apiVersion: "cert-manager.io/v1", spec: spec(name, more) });
  }
  p.dispatch(...Object.keys(specs).map((name) => `web/${name}`));
}

/** Issues `www`, then lets time pass until shortly before its renewal. */
export async function almostDue(world: World): Promise<void> {
  await applyAll(world.p, { www: {} });
  await world.pass(60_000);
  const renewal = (await world.p.row("web/www"))?.issued?.renewalTime ?? 0;
  await world.pass(renewal - world.p.time.now().getTime() - 30_000);
}

/** What an edit asks for instead. */
export const other = { dnsNames: [host("other")] };

/** A CA that gives two orders the same authorization while it is pending, so that they need the same TXT value. */
export function shareAuthorizations({ ca }: Pipeline): void {
  const { newOrder } = ca;
  ca.newOrder = (account, request) => {
    const known = [...ca.authorizations.values()];
    const order = newOrder(account, request);
    order.authorizations = order.authorizations.map((fresh) => {
      const same = known.find(({ identifier, wildcard, status }) => {
        return identifier === fresh.identifier && wildcard === fresh.wildcard && ["pending", "valid"].includes(status);
      });
      return same ?? fresh;
    });
    if (order.authorizations.every(({ status }) => status === "valid")) order.status = "ready";
    return order;
  };
}

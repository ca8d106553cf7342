import { RefusedError } from "../../core/errors.ts";
import type { Call, Injection } from "./explore-calls.ts";
import { everyKind, type FaultKind } from "./explore-faults.ts";
import { applyIssuer, type World } from "./explore-world.ts";
import type { Pipeline } from "./pipeline.ts";
import { certificateSpec as spec } from "./specs.ts";

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
  kinds?: FaultKind[] | undefined;
  /** How long it takes without a fault. */
  minutes?: number;
  deadly?: (call: Call) => boolean;
  /** The Certificate whose records nobody can remove. */
  stuck?: string;
}

const host = (name: string) => `${name}.example.test`;

function ready(name: string, more: Partial<Expected> = {}): Expected {
  return { id: `web/${name}`, ends: "ready", names: [host(name)], revision: 1, orders: 1, ...more };
}

/** Writes objects and delivers their stream records in one batch. */
async function applyAll(p: Pipeline, specs: Record<string, object>): Promise<void> {
  for (const [name, more] of Object.entries(specs)) {
    const key = { namespace: "web", kind: "Certificate", name } as const;
    await p.requests.put({ key, apiVersion: "cert-manager.io/v1", spec: spec(name, more) });
  }
  p.dispatch(...Object.keys(specs).map((name) => `web/${name}`));
}

/** Issues `www`, then lets time pass until shortly before its renewal. */
async function almostDue(world: World): Promise<void> {
  await applyAll(world.p, { www: {} });
  await world.pass(60_000);
  const renewal = (await world.p.row("web/www"))?.issued?.renewalTime ?? 0;
  await world.pass(renewal - world.p.time.now().getTime() - 30_000);
}

/** One challenge that the CA cannot see: its record is never published. */
function loseRecordsOf(p: Pipeline, name: string): void {
  const publish = p.dns.publish;
  p.dns.publish = async (records) => {
    const seen = await publish(records.filter((record) => !record.name.includes(name)));
    const lost = records.filter((record) => record.name.includes(name));
    return [...seen, ...lost.map((record) => ({ record, change: "lost" }))];
  };
}

const other = { dnsNames: [host("other")] };

export const first: Scenario = {
  name: "a first issuance",
  act: ({ p }) => applyAll(p, { www: {} }),
  expected: [ready("www")],
};

export const renewal: Scenario = {
  name: "a renewal",
  before: almostDue,
  act: (world) => world.pass(60_000),
  expected: [ready("www", { revision: 2, orders: 2 })],
};

export const slow: Scenario = {
  name: "a CA that takes minutes",
  before: async ({ p }) => void Object.assign(p.ca.knobs, { processingRounds: 3, retryAfterSeconds: 60 }),
  act: ({ p }) => applyAll(p, { www: {} }),
  minutes: 10,
  expected: [ready("www")],
};

/** The first try to publish is refused, and before the next one the CA has forgotten the order. */
function forgetOrder({ dns, ca }: Pipeline): void {
  const { publish } = dns;
  dns.publish = async (records) => {
    dns.publish = publish;
    ca.orders.clear();
    const error = new RefusedError({ reason: "TestRefused", message: "not now" });
    return records.map((record) => ({ record, error }));
  };
}

export const orderGone: Scenario = {
  name: "an order that the CA forgets",
  before: async ({ p }) => forgetOrder(p),
  act: ({ p }) => applyAll(p, { www: {} }),
  minutes: 12,
  kinds: everyKind.filter((kind) => kind !== "long-away"),
  expected: [ready("www")],
};

export const apexAndWildcard: Scenario = {
  name: "apex and wildcard in one",
  act: ({ p }) => applyAll(p, { www: { dnsNames: [host("www"), `*.${host("www")}`] } }),
  expected: [ready("www", { names: [host("www"), `*.${host("www")}`] })],
};

export const refusedNeighbour: Scenario = {
  name: "a batch of three with one refused challenge",
  before: async ({ p }) => loseRecordsOf(p, "bad"),
  act: ({ p }) => applyAll(p, { a: {}, bad: {}, c: {} }),
  expected: [
    ready("a"),
    // Backoff, a new order each time: 1 min, 10 min, 1 h, 3 h, 6 h ...
    { id: "web/bad", ends: "refused", names: [], revision: 0, orders: 10 },
    ready("c"),
  ],
};

export const xAndWildcard: Scenario = {
  name: "x and *.x as two Certificates",
  act: ({ p }) => applyAll(p, { x: {}, star: { dnsNames: [`*.${host("x")}`] } }),
  expected: [ready("x"), ready("star", { names: [`*.${host("x")}`] })],
};

export const edit: Scenario = {
  name: "an edit at call n",
  act: ({ p }) => applyAll(p, { www: {} }),
  inject: (p) => p.apply("web/www", spec("www", other)),
  loose: true,

  expected: [ready("www", { names: [host("other")], revision: 2, orders: 2 })],
};

export const deletion: Scenario = {
  name: "a deletion at call n",
  act: ({ p }) => applyAll(p, { www: {} }),
  inject: (p) => p.delete("web/www"),
  loose: true,

  expected: [{ id: "web/www", ends: "gone", names: [], revision: 1, orders: 1 }],
};

export const wish: Scenario = {
  name: "a wish to renew at call n",
  act: ({ p }) => applyAll(p, { www: {} }),
  inject: (p) =>
    p.apply("web/www", spec("www"), { annotations: { "certwright.dev/renew-requested-at": "2026-11-22T13:00:00Z" } }),
  loose: true,
  expected: [ready("www", { revision: 2, orders: 2 })],
};

export const badEdit: Scenario = {
  name: "an edit that cannot be served at call n",
  act: ({ p }) => applyAll(p, { www: {} }),
  inject: (p) => p.apply("web/www", spec("www", { duration: "1m" })),
  loose: true,
  expected: [{ id: "web/www", ends: "refused", names: [], revision: 1, orders: 1 }],
};

export const rename: Scenario = {
  name: "another secretName at call n",
  act: ({ p }) => applyAll(p, { www: {} }),
  inject: (p) => p.apply("web/www", spec("www", { secretName: "renamed-tls" })),
  loose: true,
  expected: [ready("www", { revision: 2, orders: 2, secret: "renamed-tls" })],
};

export const recreation: Scenario = {
  name: "deleted and created again at call n",
  act: ({ p }) => applyAll(p, { www: {} }),
  inject: async (p) => {
    await p.delete("web/www");
    await p.apply("web/www", spec("www", other));
  },
  loose: true,
  expected: [ready("www", { names: [host("other")], revision: 2, orders: 2 })],
};

export const editOfWorking: Scenario = {
  name: "an edit during a renewal",
  before: almostDue,
  act: (world) => world.pass(60_000),
  inject: (p) => p.apply("web/www", spec("www", other)),
  loose: true,

  expected: [ready("www", { names: [host("other")], revision: 3, orders: 3 })],
};

/** One attempt of three kills the Lambda of a task each time it is in its hands. */
export function poison(task: string): Scenario {
  const harmless = task === "CleanUpChallenge";
  return {
    name: `poison in ${task}`,
    act: ({ p }) => applyAll(p, { a: {}, bad: {}, c: {} }),
    deadly: ({ by, payload, writes }) =>
      (by === task || (harmless && by === "clean-up")) && writes && JSON.stringify(payload).includes('"bad"'),
    ...(harmless ? { stuck: "bad" } : {}),
    expected: [
      ready("a"),
      harmless ? ready("bad") : { id: "web/bad", ends: "refused", names: [], revision: 0, orders: 10 },
      ready("c"),
    ],
  };
}

/** Late enough for whoever took over to be done, too early for the one who stands still. */
const meanwhile = { pause: 17.5 * 60_000, zombie: 10 * 60_000, twin: 30_000 };
const standing: FaultKind[] = ["pause", "zombie", "twin"];

export const editMeanwhile: Scenario = {
  name: "edited while a first one stands still",
  act: ({ p }) => applyAll(p, { www: {} }),
  after: { afterMs: meanwhile, run: (p) => p.apply("web/www", spec("www", other)) },
  loose: true,
  kinds: standing,
  expected: [ready("www", { names: [host("other")], revision: 2, orders: 3 })],
};

export const deletionMeanwhile: Scenario = {
  name: "deleted while a first one stands still",
  act: ({ p }) => applyAll(p, { www: {} }),
  after: { afterMs: meanwhile, run: (p) => p.delete("web/www") },
  loose: true,
  kinds: standing,
  expected: [{ id: "web/www", ends: "gone", names: [], revision: 1, orders: 2 }],
};

export const editMeanwhileRenewal: Scenario = {
  name: "edited while a renewal stands still",
  before: almostDue,
  act: (world) => world.pass(60_000),
  after: { afterMs: meanwhile, run: (p) => p.apply("web/www", spec("www", other)) },
  loose: true,
  kinds: standing,
  expected: [ready("www", { names: [host("other")], revision: 3, orders: 4 })],
};

export const issuerAtOnce: Scenario = {
  name: "an issuer and a Certificate at once",
  bare: true,
  act: async (world) => {
    await applyAll(world.p, { www: {} });
    await applyIssuer(world);
  },
  // An issuer that could not be checked backs off as a certificate does.
  minutes: 300,
  kinds: everyKind.filter((kind) => kind !== "long-away"),
  expected: [ready("www")],
};

/** A CA that gives two orders the same authorization while it is pending, so that they need the same TXT value. */
function shareAuthorizations({ ca }: Pipeline): void {
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

export const sameValue: Scenario = {
  name: "two Certificates that need the same TXT value",
  before: async ({ p }) => shareAuthorizations(p),
  act: ({ p }) => applyAll(p, { x: {} }),
  inject: (p) => applyAll(p, { y: { dnsNames: [host("x")] } }),
  expected: [ready("x", { orders: 2 }), ready("y", { names: [host("x")], orders: 2 })],
};

export const sameValueDeleted: Scenario = {
  name: "one of two deleted that need the same TXT value",
  before: async ({ p }) => shareAuthorizations(p),
  act: async ({ p }) => {
    await applyAll(p, { x: {} });
    await applyAll(p, { y: { dnsNames: [host("x")] } });
  },
  inject: (p) => p.delete("web/x"),
  loose: true,
  expected: [
    { id: "web/x", ends: "gone", names: [], revision: 1, orders: 9 },
    ready("y", { names: [host("x")], orders: 9 }),
  ],
};

const tasks = [
  ...["Prepare", "CreateOrder", "PublishChallenge", "CheckPropagation"],
  ...["ValidateChallenge", "FinalizeOrder", "WriteSecret", "CleanUpChallenge"],
];
export const poisons = tasks.map(poison);

export const scenarios = [
  first,
  renewal,
  slow,
  orderGone,
  apexAndWildcard,
  refusedNeighbour,
  xAndWildcard,
  edit,
  deletion,
  ...[wish, badEdit, rename, recreation],
  editOfWorking,
  issuerAtOnce,
  sameValue,
  sameValueDeleted,
  editMeanwhile,
  deletionMeanwhile,
  editMeanwhileRenewal,
];

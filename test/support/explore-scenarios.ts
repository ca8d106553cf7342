import type { Call, Injection } from "./explore-calls.ts";
import type { FaultKind } from "./explore-faults.ts";
import type { World } from "./explore-world.ts";
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
  /** How many orders at the CA it may take without a fault. */
  orders: number;
}

/** A history to play again and again with a fault at each call. */
export interface Scenario {
  name: string;
  /** What happens before calls are counted. */
  before?: (world: World) => Promise<void>;
  act: (world: World) => Promise<void>;
  /** Happens just before call n, in place of a fault. */
  inject?: (p: Pipeline) => Promise<void>;
  /** Happens some time after a fault. */
  after?: Injection;
  /** An injection may come too late to spare an order or a revision. */
  loose?: boolean;
  expected: Expected[];
  kinds?: FaultKind[];
  deadly?: (call: Call) => boolean;
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
  kinds: ["inject"],
  expected: [ready("www", { names: [host("other")], revision: 2, orders: 2 })],
};

export const deletion: Scenario = {
  name: "a deletion at call n",
  act: ({ p }) => applyAll(p, { www: {} }),
  inject: (p) => p.delete("web/www"),
  loose: true,
  kinds: ["inject"],
  expected: [{ id: "web/www", ends: "gone", names: [], revision: 1, orders: 1 }],
};

export const editOfWorking: Scenario = {
  name: "an edit during a renewal",
  before: almostDue,
  act: (world) => world.pass(60_000),
  inject: (p) => p.apply("web/www", spec("www", other)),
  loose: true,
  kinds: ["inject"],
  expected: [ready("www", { names: [host("other")], revision: 3, orders: 3 })],
};

export const scenarios = [
  first,
  renewal,
  apexAndWildcard,
  refusedNeighbour,
  xAndWildcard,
  edit,
  deletion,
  editOfWorking,
];

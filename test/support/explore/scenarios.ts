import { RefusedError } from "../../../core/errors.ts";
import type { Pipeline } from "../pipeline.ts";
import { everyKind } from "./faults.ts";
import { almostDue, applyAll, host, ready, type Scenario } from "./scenario.ts";
import { wishes } from "./wishes.ts";
import { applyIssuer } from "./world.ts";

/** One challenge that the CA cannot see: its record is never published. */
function loseRecordsOf(p: Pipeline, name: string): void {
  const publish = p.dns.publish;
  p.dns.publish = async (records) => {
    const seen = await publish(records.filter((record) => !record.name.includes(name)));
    const lost = records.filter((record) => record.name.includes(name));
    return [...seen, ...lost.map((record) => ({ record, change: "lost" }))];
  };
}

/** One Certificate, one name. */
export const first: Scenario = {
  name: "a first issuance",
  act: ({ p }) => applyAll(p, { www: {} }),
  expected: [ready("www")],
};

/** Its time comes, and the sweep finds it. */
export const renewal: Scenario = {
  name: "a renewal",
  before: almostDue,
  act: (world) => world.pass(60_000),
  expected: [ready("www", { revision: 2, orders: 2 })],
};

/** Validation and certificate take minutes each. */
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

/** A resumed attempt finds its order gone. */
export const orderGone: Scenario = {
  name: "an order that the CA forgets",
  before: async ({ p }) => forgetOrder(p),
  act: ({ p }) => applyAll(p, { www: {} }),
  minutes: 12,
  kinds: everyKind.filter((kind) => kind !== "long-away"),
  expected: [ready("www")],
};

const apexAndWildcard: Scenario = {
  name: "apex and wildcard in one",
  act: ({ p }) => applyAll(p, { www: { dnsNames: [host("www"), `*.${host("www")}`] } }),
  expected: [ready("www", { names: [host("www"), `*.${host("www")}`] })],
};

const refusedNeighbour: Scenario = {
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

/** Two values at one TXT name. */
export const xAndWildcard: Scenario = {
  name: "x and *.x as two Certificates",
  act: ({ p }) => applyAll(p, { x: {}, star: { dnsNames: [`*.${host("x")}`] } }),
  expected: [ready("x"), ready("star", { names: [`*.${host("x")}`] })],
};

/** One attempt of three kills the Lambda of a task each time it is in its hands. */
function poison(task: string): Scenario {
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

const issuerAtOnce: Scenario = {
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

const tasks = [
  ...["Prepare", "CreateOrder", "PublishChallenge", "CheckPropagation"],
  ...["ValidateChallenge", "FinalizeOrder", "WriteSecret", "CleanUpChallenge"],
];
/** One for each task. */
export const poisons = tasks.map(poison);

/** Everything that is explored. */
export const scenarios = [
  first,
  renewal,
  slow,
  orderGone,
  apexAndWildcard,
  refusedNeighbour,
  xAndWildcard,
  issuerAtOnce,
  ...wishes,
];

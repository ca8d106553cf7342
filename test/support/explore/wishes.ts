import { certificateSpec as spec } from "../specs.ts";
import type { FaultKind } from "./faults.ts";
import { almostDue, applyAll, host, other, ready, type Scenario, shareAuthorizations } from "./scenario.ts";

const edit: Scenario = {
  name: "an edit at call n",
  act: ({ p }) => applyAll(p, { www: {} }),
  inject: (p) => p.apply("web/www", spec("www", other)),
  loose: true,
  expected: [ready("www", { names: [host("other")], revision: 2, orders: 2 })],
};

const deletion: Scenario = {
  name: "a deletion at call n",
  act: ({ p }) => applyAll(p, { www: {} }),
  inject: (p) => p.delete("web/www"),
  loose: true,
  expected: [{ id: "web/www", ends: "gone", names: [], revision: 1, orders: 1 }],
};

const wish: Scenario = {
  name: "a wish to renew at call n",
  act: ({ p }) => applyAll(p, { www: {} }),
  inject: (p) =>
    p.apply("web/www", spec("www"), { annotations: { "certwright.dev/renew-requested-at": "2026-11-22T13:00:00Z" } }),
  loose: true,
  expected: [ready("www", { revision: 2, orders: 2 })],
};

const badEdit: Scenario = {
  name: "an edit that cannot be served at call n",
  act: ({ p }) => applyAll(p, { www: {} }),
  inject: (p) => p.apply("web/www", spec("www", { duration: "1m" })),
  loose: true,
  expected: [{ id: "web/www", ends: "refused", names: [], revision: 1, orders: 1 }],
};

const rename: Scenario = {
  name: "another secretName at call n",
  act: ({ p }) => applyAll(p, { www: {} }),
  inject: (p) => p.apply("web/www", spec("www", { secretName: "renamed-tls" })),
  loose: true,
  expected: [ready("www", { revision: 2, orders: 2, secret: "renamed-tls" })],
};

const recreation: Scenario = {
  name: "deleted and created again at call n",
  act: ({ p }) => applyAll(p, { www: {} }),
  inject: async (p) => {
    await p.delete("web/www");
    await p.apply("web/www", spec("www", other));
  },
  loose: true,
  expected: [ready("www", { names: [host("other")], revision: 2, orders: 2 })],
};

const editOfWorking: Scenario = {
  name: "an edit during a renewal",
  before: almostDue,
  act: (world) => world.pass(60_000),
  inject: (p) => p.apply("web/www", spec("www", other)),
  loose: true,
  expected: [ready("www", { names: [host("other")], revision: 3, orders: 3 })],
};

const sameValue: Scenario = {
  name: "two Certificates that need the same TXT value",
  before: async ({ p }) => shareAuthorizations(p),
  act: ({ p }) => applyAll(p, { x: {} }),
  inject: (p) => applyAll(p, { y: { dnsNames: [host("x")] } }),
  expected: [ready("x", { orders: 2 }), ready("y", { names: [host("x")], orders: 2 })],
};

const sameValueDeleted: Scenario = {
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

/** Late enough for whoever took over to be done, too early for the one who stands still. */
const meanwhile = { pause: 17.5 * 60_000, zombie: 10 * 60_000, twin: 30_000 };
const standing: FaultKind[] = ["pause", "zombie", "twin"];

/** An edit that comes when another has finished the work of one who stands still. */
export const editMeanwhile: Scenario = {
  name: "edited while a first one stands still",
  act: ({ p }) => applyAll(p, { www: {} }),
  after: { afterMs: meanwhile, run: (p) => p.apply("web/www", spec("www", other)) },
  loose: true,
  kinds: standing,
  expected: [ready("www", { names: [host("other")], revision: 2, orders: 3 })],
};

const deletionMeanwhile: Scenario = {
  name: "deleted while a first one stands still",
  act: ({ p }) => applyAll(p, { www: {} }),
  after: { afterMs: meanwhile, run: (p) => p.delete("web/www") },
  loose: true,
  kinds: standing,
  expected: [{ id: "web/www", ends: "gone", names: [], revision: 1, orders: 2 }],
};

const editMeanwhileRenewal: Scenario = {
  name: "edited while a renewal stands still",
  before: almostDue,
  act: (world) => world.pass(60_000),
  after: { afterMs: meanwhile, run: (p) => p.apply("web/www", spec("www", other)) },
  loose: true,
  kinds: standing,
  expected: [ready("www", { names: [host("other")], revision: 3, orders: 4 })],
};

/** What users want while somebody is at work. */
export const wishes = [
  edit,
  deletion,
  wish,
  badEdit,
  rename,
  recreation,
  editOfWorking,
  sameValue,
  sameValueDeleted,
  editMeanwhile,
  deletionMeanwhile,
  editMeanwhileRenewal,
];

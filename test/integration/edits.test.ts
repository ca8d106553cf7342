import { DescribeSecretCommand } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Step } from "../../core/status.ts";
import type { Manifest } from "../../local/requests.ts";
import type { Gate } from "../support/control.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { untilNoTxt } from "../support/integration-dns.ts";
import { leafOf } from "../support/integration-leaf.ts";
import { attemptsOf, ordersFor, versionsOf } from "../support/issuance-counts.ts";
import { callAtStart, callInside } from "../support/step-calls.ts";

const bed = openBed();
const { stack, fresh } = bed;
const issuer = fresh("edits");
const namespace = fresh("edits");

/** One Certificate that is held inside a step. */
interface Case {
  manifest: Manifest;
  name: string;
  dnsName: string;
  gate?: Gate;
}

// Orders for the names before the edit or deletion, counted at Pebble. What was finalized before an edit is written first.
const edits: [step: Step, before: { orders: number; written: boolean }][] = [
  ["prepare", { orders: 0, written: false }],
  ["create-order", { orders: 1, written: false }],
  ["publish-challenge", { orders: 1, written: false }],
  ["check-propagation", { orders: 1, written: false }],
  ["validate-challenge", { orders: 1, written: false }],
  ["finalize-order", { orders: 1, written: true }],
  ["write-secret", { orders: 1, written: true }],
];
const cases = new Map(
  edits.flatMap(([step]) => [`edit-${step}`, `delete-${step}`].map((what) => [what, caseOf(what)] as const)),
);

function caseOf(what: string): Case {
  const name = fresh(what);
  const dnsName = `${name}.example.test`;
  return { name, dnsName, manifest: withNames({ name }, dnsName) };
}

function withNames({ name }: Pick<Case, "name">, dnsName: string): Manifest {
  return certificate({ name, namespace, issuer, dnsNames: [dnsName] });
}

function editedName({ dnsName }: Case): string {
  return `edited-${dnsName}`;
}

function found(what: string): Case {
  return cases.get(what) ?? expect.unreachable();
}

beforeAll(async () => {
  await bed.putIssuer({ name: issuer });
  for (const [step] of edits) {
    await hold(found(`edit-${step}`), step, false);
    // What is held at CreateSecret is as good as written; so a deletion comes a moment earlier.
    await hold(found(`delete-${step}`), step, step === "write-secret");
  }
  await Promise.all(
    edits.flatMap(([step]) => {
      const [edited, deleted] = [found(`edit-${step}`), found(`delete-${step}`)];
      return [
        whileHeld(edited, () => stack.put(withNames(edited, editedName(edited)))),
        whileHeld(deleted, () => stack.delete({ namespace, name: deleted.name })),
      ];
    }),
  );
});

afterAll(async () => {
  await Promise.all([...cases.values()].map(({ gate }) => gate?.open()));
});

// One after the other, so that each is alone in its execution and holds nobody else.
async function hold(one: Case, step: Step, atStart: boolean): Promise<void> {
  const call = atStart ? callAtStart(step, one.name) : callInside[step]({ ...one, namespace });
  one.gate = await stack.pause(call, { times: 1 });
  await stack.put(one.manifest);
  await stack.waitFor({ namespace, name: one.name }, (row) => row.attempt !== undefined);
}

async function whileHeld({ gate }: Case, change: () => Promise<void>): Promise<void> {
  await gate?.held();
  await change();
  await gate?.open();
}

describe("an edit while an attempt is held inside", () => {
  it.concurrent.each(edits)("%s wins", async (step, before) => {
    const one = found(`edit-${step}`);
    const edited = editedName(one);
    const row = await stack.waitFor(
      { namespace, name: one.name },
      ({ generation, ready, attempt }) => generation === 2 && ready.status === "True" && attempt === undefined,
    );
    const secret = await bed.read(one.manifest);
    await stack.verify(secret);
    expect(leafOf(secret).names).toEqual([edited]);
    expect(row.ready).toMatchObject({ reason: "Ready", observedGeneration: 2 });
    expect(await ordersFor(stack, one.dnsName)).toBe(before.orders);
    expect(await ordersFor(stack, edited)).toBe(1);
    expect(await versionsOf(stack, one.manifest)).toHaveLength(before.written ? 2 : 1);
    await untilNoTxt(stack, [one.dnsName, edited]);
  });
});

describe("a deletion while an attempt is held inside", () => {
  it.concurrent.each(edits)("%s stops it, cleans up and writes nothing", async (step, before) => {
    const one = found(`delete-${step}`);
    await stack.waitFor({ namespace, name: one.name }, ({ deletedAt }) => deletedAt !== undefined);
    await untilNoTxt(stack, [one.dnsName]);
    const SecretId = `${stack.facts.instance}/${namespace}/${one.name}-tls`;
    await expect(stack.clients.secrets.send(new DescribeSecretCommand({ SecretId }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
    const [attempt, ...others] = await attemptsOf(stack, one.manifest);
    expect(attempt?.outcome).toMatchObject({ result: "superseded", message: "the request was deleted" });
    expect(others).toEqual([]);
    expect(await stack.state.sealedKey(attempt?.ref ?? expect.unreachable())).toBeUndefined();
    expect(await ordersFor(stack, one.dnsName)).toBe(before.orders);
  });
});

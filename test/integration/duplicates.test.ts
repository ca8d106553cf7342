import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../local/requests.ts";
import type { Gate } from "../support/control.ts";
import { deliver, streamEvent } from "../support/deliveries.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { untilNoTxt } from "../support/integration-dns.ts";
import { countIssuances, once } from "../support/issuance-counts.ts";
import { callInside, stepsOfAnOrder } from "../support/step-calls.ts";

const bed = openBed();
const { stack, fresh } = bed;
const namespace = fresh("duplicates");
// One for each test, so that what one holds is in no batch of the other.
const issuers = { held: fresh("held"), many: fresh("many"), race: fresh("race") };
const gates: Gate[] = [];

function wanted(issuer: string, what: string): Manifest {
  const name = fresh(what);
  return certificate({ name, namespace, issuer, dnsNames: [`${name}.example.test`] });
}

async function pause(call: Parameters<typeof stack.pause>[0]): Promise<Gate> {
  const gate = await stack.pause(call, { times: 1 });
  gates.push(gate);
  return gate;
}

async function expectOneIssuance(manifests: Manifest[]): Promise<void> {
  expect(await countIssuances(stack, manifests)).toEqual(manifests.map(() => once));
}

beforeAll(async () => {
  const account = { accountSecret: fresh("duplicates-account") };
  for (const name of Object.values(issuers)) await bed.putIssuer({ name, ...account });
});

afterAll(async () => {
  await Promise.all(gates.map((gate) => gate.open()));
});

describe("the same record, delivered again and again at once,", () => {
  it.concurrent("100 times while the first is inside each step, makes one issuance", async () => {
    const held = new Map(stepsOfAnOrder.map((step) => [step, wanted(issuers.held, `held-in-${step}`)]));
    const manifests = [...held.values()];
    const dnsNames = manifests.map(({ metadata }) => `${metadata.name}.example.test`);
    const paused: Gate[] = [];
    // One after the other, so that each is alone in its execution and holds nobody else.
    for (const [step, { metadata }] of held) {
      const { name } = metadata;
      paused.push(await pause(callInside[step]({ namespace, name, dnsName: `${name}.example.test` })));
      await stack.put(held.get(step) ?? expect.unreachable());
      await stack.waitFor({ namespace, name }, ({ attempt }) => attempt !== undefined);
    }
    await Promise.all(paused.map((gate) => gate.held()));
    await deliver(stack, streamEvent(manifests), 50);
    await Promise.all(paused.map((gate) => gate.open()));
    await bed.ready(manifests);
    await untilNoTxt(stack, dnsNames);
    await expectOneIssuance(manifests);
  });

  it.concurrent("20 times while nobody is at work yet, makes one issuance of each of 50 Certificates", async () => {
    const many = Array.from({ length: 50 }, (_, index) => wanted(issuers.many, `many${index}`));
    await Promise.all([bed.put(many), deliver(stack, streamEvent(many), 10)]);
    await bed.ready(many);
    await expectOneIssuance(many);
  });

  it.concurrent("100 times while the first is held before it takes the work, lets that one lose and start nothing", async () => {
    const manifest = wanted(issuers.race, "race");
    const { name } = manifest.metadata;
    const gate = await pause({ action: "PutItem", function: "dispatch", contains: `"Certificate/${name}"` });
    await stack.put(manifest);
    await gate.held();
    await deliver(stack, streamEvent([manifest]), 50);
    await gate.open();
    await bed.ready([manifest]);
    await expectOneIssuance([manifest]);
    expect(await stack.count({ action: "StartExecution", contains: `\\"${name}\\"` })).toBe(1);
  });
});

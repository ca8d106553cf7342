import { createHash, X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Step, steps } from "../../core/status.ts";
import type { Manifest } from "../../local/requests.ts";
import type { Gate } from "../support/control.ts";
import { deliver, streamEvent } from "../support/deliveries.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { untilNoTxt } from "../support/integration-dns.ts";
import { attemptsOf, ordersFor, timesTold, versionsOf } from "../support/issuance-counts.ts";
import { callInside } from "../support/step-calls.ts";

const bed = openBed();
const { stack, fresh } = bed;
const issuer = fresh("duplicates");
const namespace = fresh("duplicates");

function wanted(name: string, by = issuer): Manifest {
  return certificate({ name, namespace, issuer: by, dnsNames: [dnsNameOf(name)] });
}

function dnsNameOf(name: string): string {
  return `${name}.example.test`;
}

async function expectOneIssuance(manifest: Manifest): Promise<void> {
  const { name } = manifest.metadata;
  const counted = {
    orders: await ordersFor(stack, dnsNameOf(name)),
    attempts: (await attemptsOf(stack, manifest)).length,
    told: await timesTold(stack, manifest),
    versions: (await versionsOf(stack, manifest)).length,
  };
  expect({ name, ...counted }).toEqual({ name, orders: 1, attempts: 1, told: 1, versions: 1 });
}

const held = new Map(steps.map((step) => [step, wanted(fresh(`held-in-${step}`))]));
const gates: Gate[] = [];

beforeAll(async () => {
  await bed.putIssuer({ name: issuer });
});

afterAll(async () => {
  await Promise.all(gates.map((gate) => gate.open()));
});

async function pause(...[call, more]: Parameters<typeof stack.pause>): Promise<Gate> {
  const gate = await stack.pause(call, { times: 1, ...more });
  gates.push(gate);
  return gate;
}

describe("the same record, delivered twice 50 times over,", () => {
  it.concurrent("while the first is inside each step makes one issuance per generation", async () => {
    // One after the other, so that each is alone in its execution and holds nobody else.
    for (const [step, manifest] of held) {
      const { name } = manifest.metadata;
      await pause(callInside[step]({ namespace, name, dnsName: dnsNameOf(name) }));
      await stack.put(manifest);
      await stack.waitFor({ namespace, name }, ({ attempt }) => attempt !== undefined);
    }
    await Promise.all(gates.map((gate) => gate.held()));
    await deliver(stack, streamEvent([...held.values()]), 50);
    await Promise.all(gates.map((gate) => gate.open()));
    await bed.ready([...held.values()]);
    for (const manifest of held.values()) await expectOneIssuance(manifest);
    await untilNoTxt(
      stack,
      [...held.values()].map(({ metadata }) => dnsNameOf(metadata.name)),
    );
  });

  it.concurrent("while nobody is at work yet, for 50 Certificates, makes one issuance of each", async () => {
    const many = Array.from({ length: 50 }, (_, index) => wanted(fresh(`many${index}`)));
    await Promise.all([bed.put(many), deliver(stack, streamEvent(many), 50)]);
    await bed.ready(many);
    for (const manifest of many) await expectOneIssuance(manifest);
  });

  it.concurrent("while the first is held before it takes the work: that one loses and starts nothing", async () => {
    const manifest = wanted(fresh("taken"));
    const resource = `Certificate/${manifest.metadata.name}`;
    const gate = await pause({ action: "PutItem", function: "dispatch", contains: `"${resource}"` });
    await stack.put(manifest);
    await gate.held();
    await stack.invoke("dispatch", streamEvent([manifest]));
    await gate.open();
    await bed.ready([manifest]);
    await expectOneIssuance(manifest);
    expect(await stack.count({ action: "StartExecution", contains: `\\"${manifest.metadata.name}\\"` })).toBe(1);
  });
});

const died = steps.filter((step) => step !== "clean-up-challenge");

describe("an attempt whose function died in", () => {
  it.concurrent.each(died)("%s is resumed alone, with its order and its key", async (step) => {
    const { pair, before } = await killed(step);
    // What the steps before had made when it died.
    const made = { orders: steps.indexOf(step) > steps.indexOf("create-order"), keys: step !== "prepare" };
    expect(before.map(({ orderUrl }) => orderUrl !== undefined)).toEqual([made.orders, made.orders]);
    expect(before.map(({ publicKeyHash }) => publicKeyHash !== undefined)).toEqual([made.keys, made.keys]);
    await bed.ready(pair);
    const after = await Promise.all(pair.map(stateOf));
    expect(after[0]?.leaseId).not.toBe(after[1]?.leaseId);
    for (const [index, manifest] of pair.entries()) {
      const { leaseId: _, ...known } = before[index] ?? {};
      expect(after[index]).toMatchObject(known);
      expect(await issuedKeyHash(manifest)).toBe(after[index]?.publicKeyHash);
      await expectOneIssuance(manifest);
    }
    await untilNoTxt(
      stack,
      pair.map(({ metadata }) => dnsNameOf(metadata.name)),
    );
  });
});

/**
 * Two Certificates in one batch whose function in this step reaches no table any more, until Step Functions gives up and
 * cleans up; and what State knew of their attempts then. They wait for their issuer first: that makes them one batch.
 */
async function killed(step: Step) {
  const prefix = fresh(`died-in-${step}`);
  const pair = ["a", "b"].map((which) => wanted(`${prefix}-${which}`, prefix));
  await bed.put(pair);
  await bed.shown(pair, ({ ready }) => ready?.reason === "IssuerNotFound");
  const contains = `Certificate/${prefix}`;
  // Validate challenge dies after the CA was told to look: in the first round it writes both attempts.
  const late = step === "validate-challenge";
  const call = { service: "dynamodb", function: step, contains, ...(late && { action: "PutItem" }) };
  const dead = await stack.refuse(call, { times: -1, skip: late ? 2 : 0 });
  try {
    await bed.putIssuer({ name: prefix, accountSecret: `${issuer}-account` });
    const cleanedUp = async () => (await stack.count({ function: "clean-up-challenge", contains })) > 0;
    await vi.waitUntil(cleanedUp, { timeout: 30_000 });
    return { pair, before: await Promise.all(pair.map(stateOf)) };
  } finally {
    await stack.removeFault(dead);
  }
}

async function stateOf(manifest: Manifest) {
  const [attempt] = await attemptsOf(stack, manifest);
  if (!attempt) throw new Error(`${manifest.metadata.name} has no attempt`);
  const { ref, leaseId, orderUrl } = attempt;
  const csr = (await stack.state.csrs([ref])).get(ref.attemptId);
  return { attemptId: ref.attemptId, leaseId, orderUrl, publicKeyHash: csr?.publicKeyHash };
}

/** SHA-256 of the SubjectPublicKeyInfo of the stored certificate. */
async function issuedKeyHash(manifest: Manifest): Promise<string> {
  const { publicKey } = new X509Certificate((await bed.read(manifest))["tls.crt"] ?? "");
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");
}

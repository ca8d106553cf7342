import { createHash, X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Step, steps } from "../../core/status.ts";
import type { Manifest } from "../../local/requests.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { untilNoTxt } from "../support/integration-dns.ts";
import { attemptsOf, countIssuances, once } from "../support/issuance-counts.ts";
import { stepsOfAnOrder } from "../support/step-calls.ts";

const bed = openBed();
const { stack, fresh } = bed;
const namespace = fresh("resumes");
const died = stepsOfAnOrder.filter((step) => step !== "clean-up-challenge");
const deaths = new Map<Step, Awaited<ReturnType<typeof death>>>();
const faults = new Map<Step, string>();

beforeAll(async () => {
  const ends: Promise<void>[] = [];
  for (const step of died) {
    const batch = await oneBatch(step);
    ends.push(death(step, batch).then((seen) => void deaths.set(step, seen)));
  }
  await Promise.all(ends);
});

afterAll(async () => {
  await Promise.all([...faults.values()].map((id) => stack.removeFault(id)));
});

/** Calls of the step's function for the pair that reach no table. */
function refusedIn(step: Step, prefix: string) {
  const calls = { service: "dynamodb", function: step, contains: `Certificate/${prefix}-` };
  // This one is to die after the CA was told to look: in its first round it writes both attempts.
  if (step === "validate-challenge") return stack.refuse({ ...calls, action: "PutItem" }, { times: -1, skip: 2 });
  return stack.refuse(calls, { times: -1 });
}

interface Batch {
  prefix: string;
  pair: Manifest[];
}

/** Two Certificates that waited for their issuer and that one execution took; the stream may hand them on one by one. */
async function oneBatch(step: Step): Promise<Batch> {
  for (let trial = 1; trial <= 5; trial += 1) {
    const prefix = fresh(`died-in-${step}-${trial}`);
    const { pair, leases } = await takenUp(step, prefix);
    if (leases.size === 1) return { prefix, pair };
    await stack.removeFault(faults.get(step) ?? "");
  }
  throw new Error(`${step}: two Certificates never came into one execution`);
}

async function takenUp(step: Step, prefix: string): Promise<{ pair: Manifest[]; leases: Set<unknown> }> {
  const pair = ["a", "b"].map((which) => {
    const name = `${prefix}-${which}`;
    return certificate({ name, namespace, issuer: prefix, dnsNames: [`${name}.example.test`] });
  });
  await bed.put(pair);
  await bed.shown(pair, ({ ready }) => ready?.reason === "IssuerNotFound");
  faults.set(step, await refusedIn(step, prefix));
  await bed.putIssuer({ name: prefix, accountSecret: fresh("resumes-account") });
  const rows = await Promise.all(
    pair.map(({ metadata: { name } }) => stack.waitFor({ namespace, name }, ({ attempt }) => attempt !== undefined)),
  );
  return { pair, leases: new Set(rows.map(({ attempt }) => attempt?.leaseId)) };
}

/** Waits until Step Functions gave up and cleans up, then lets the function live; and what State knew when it was dead. */
async function death(step: Step, { prefix, pair }: Batch) {
  const contains = `Certificate/${prefix}-`;
  const cleansUp = async () => (await stack.count({ function: "clean-up-challenge", contains })) > 0;
  await vi.waitUntil(cleansUp, { timeout: 60_000 });
  const before = await Promise.all(pair.map(knownOf));
  await stack.removeFault(faults.get(step) ?? "");
  return { pair, before };
}

async function knownOf(manifest: Manifest) {
  const [attempt] = await attemptsOf(stack, manifest);
  if (!attempt) throw new Error(`${manifest.metadata.name} has no attempt`);
  const { ref, leaseId, orderUrl } = attempt;
  const csr = (await stack.state.csrs([ref])).get(ref.attemptId);
  return { leaseId, attemptId: ref.attemptId, orderUrl, publicKeyHash: csr?.publicKeyHash };
}

/** SHA-256 of the SubjectPublicKeyInfo of the stored certificate. */
async function issuedKeyHash(manifest: Manifest): Promise<string> {
  const { publicKey } = new X509Certificate((await bed.read(manifest))["tls.crt"] ?? "");
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");
}

describe("an attempt whose function died in", () => {
  it.concurrent.each(died)("%s is resumed alone, with its order and its key", async (step) => {
    const { pair, before } = deaths.get(step) ?? expect.unreachable();
    // What the steps before had made.
    const ordered = steps.indexOf(step) > steps.indexOf("create-order");
    expect(before.map(({ orderUrl }) => orderUrl !== undefined)).toEqual([ordered, ordered]);
    const keyMade = step !== "prepare";
    expect(before.map(({ publicKeyHash }) => publicKeyHash !== undefined)).toEqual([keyMade, keyMade]);
    await bed.ready(pair);
    const after = await Promise.all(pair.map(knownOf));
    expect(after[0]?.leaseId).not.toBe(after[1]?.leaseId);
    for (const [index, manifest] of pair.entries()) {
      const { leaseId: _, ...kept } = JSON.parse(JSON.stringify(before[index]));
      expect(after[index]).toMatchObject(kept);
      expect(await issuedKeyHash(manifest)).toBe(after[index]?.publicKeyHash);
    }
    expect(await countIssuances(stack, pair)).toEqual([once, once]);
    await untilNoTxt(
      stack,
      pair.map(({ metadata }) => `${metadata.name}.example.test`),
    );
  });
});

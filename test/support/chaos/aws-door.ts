import { expect } from "vitest";
import type { StoreName } from "../../../core/rows.ts";
import type { CallFilter } from "../../../local/calls.ts";
import type { FaultRule } from "../../../local/faults.ts";
import type { Manifest } from "../../../local/requests.ts";
import { toRenew } from "../c-objects.ts";
import type { openBed } from "../integration-bed.ts";
import { certificate } from "../integration-bed.ts";
import type { InCalls } from "../step-calls.ts";
import type { Kept } from "./aws-kept.ts";
import { expectIssued, keptOf, keyHashOf, namesOf } from "./aws-kept.ts";
import type { Said } from "./aws-told.ts";
import { expectTold, untilFailed } from "./aws-told.ts";
import type { ChaosRow } from "./rows.ts";

type Bed = ReturnType<typeof openBed>;

/** A call to AWS that a step cannot do without. */
export interface Door {
  /** Part of the row's names: `kms`. */
  what: string;
  /** `kms:Decrypt`. */
  action: string;
  /** The step's function. */
  by: string;
  /** The calls of one Certificate. */
  calls(one: InCalls): CallFilter;
  denied: Said;
  /** Absent: throttling has a row of its own. */
  throttled?: Said;
  /** Answers in the words of the service; AccessDeniedException and ThrottlingException when absent. */
  answers?: Partial<Record<"denied" | "throttled", { status: number; code: string }>>;
  store?: StoreName;
  /** Nothing is ordered and no key is sealed yet when it is refused. */
  early?: true;
  /** It is denied to whom shares the call, too. */
  shared?: true;
}

/** The row of one door; the full run throttles, `npm test` only denies. */
export function doorRow(bed: Bed, fault: string, door: Door, { quick = false, renews = false } = {}): ChaosRow {
  const onlyDenied = quick && process.env.CHAOS !== "all";
  return {
    fault,
    expected:
      `${renews ? "The working secret stays Ready; Issuing=False" : "Ready=False"} says ${door.denied.reason}, which right is missing and when it is tried again` +
      `${door.throttled ? `; then ${door.throttled.reason}` : ""}. The attempt goes on with its order and key once it may`,
    quick,
    run: () => (renews ? renewal(bed, door) : firstIssuance(bed, door, onlyDenied)),
  };
}

/** A first issuance at a door that denies, then throttles, then opens; a neighbour of its batch is Ready meanwhile. */
async function firstIssuance(bed: Bed, door: Door, onlyDenied: boolean): Promise<string> {
  const [guilty, neighbour] = await batchOf(bed, door);
  const all = neighbour ? [guilty, neighbour] : [guilty];
  const before = await closeAndOpen(bed, door, guilty, {
    onlyDenied,
    begin: () => bed.putIssuer({ name: bed.fresh(door.what), accountSecret: bed.fresh("doors-account") }),
    meanwhile: async () => void (neighbour && (await bed.ready([neighbour]))),
  });
  const { attemptId, orderUrl, publicKeyHash } = before;
  expect({ ordered: orderUrl !== undefined, key: publicKeyHash !== undefined }).toEqual({
    ordered: !door.early,
    key: !door.early,
  });
  const after = await keptOf(bed.stack, guilty);
  expect(after).toMatchObject(door.early ? { attemptId } : { attemptId, orderUrl, publicKeyHash });
  if (door.store !== "s3") expect(keyHashOf(await bed.read(guilty))).toBe(after.publicKeyHash);
  const counts = await expectIssued(bed.stack, all, { store: door.store ?? "secretsManager" });
  const kept = door.early ? "same attempt" : "same attempt, order and key";
  return `${kept}; ${neighbour ? "its neighbour Ready meanwhile; " : ""}${counts}`;
}

/** The same with a renewal: the working secret stays, and stays Ready. */
async function renewal(bed: Bed, door: Door): Promise<string> {
  const { stack } = bed;
  const [guilty] = await batchOf(bed, { ...door, shared: true });
  await bed.putIssuer({ name: bed.fresh(door.what), accountSecret: bed.fresh("doors-account") });
  await bed.ready([guilty]);
  const working = await keptOf(stack, guilty);
  const before = await closeAndOpen(bed, door, guilty, {
    begin: () => stack.put(toRenew(guilty)),
    meanwhile: async () => {
      // After PutEvents was refused the new secret is there.
      if (!door.shared) expect(keyHashOf(await bed.read(guilty))).toBe(working.publicKeyHash);
    },
  });
  expect(before.attemptId).not.toBe(working.attemptId);
  expect(await keptOf(stack, guilty)).toEqual(before);
  expect(keyHashOf(await bed.read(guilty))).toBe(before.publicKeyHash);
  return `Ready throughout; same attempt, order and key; ${await expectIssued(stack, [guilty], { times: 2 })}`;
}

interface Course {
  onlyDenied?: boolean;
  /** What starts the attempt. */
  begin(): Promise<unknown>;
  /** What is so while the door is closed. */
  meanwhile(): Promise<unknown>;
}

/** Answers what the attempt had while it was denied; it has that through the throttling, too. */
async function closeAndOpen(bed: Bed, door: Door, guilty: Manifest, course: Course): Promise<Kept> {
  const { stack } = bed;
  const match = { function: door.by, ...door.calls(inCalls(guilty)) };
  const answers = answersOf(bed, door);
  const closed = await stack.refuse(match, { times: -1, answer: answers.denied });
  await course.begin();
  await untilFailed(stack, guilty, door.denied);
  await expectTold(stack, guilty, door.denied);
  const before = await keptOf(stack, guilty);
  await course.meanwhile();
  await stack.removeFault(closed);
  if (door.throttled && !course.onlyDenied) {
    const slow = await stack.refuse(match, { times: -1, answer: answers.throttled });
    await stack.put(toRenew(guilty));
    await untilFailed(stack, guilty, { ...door.throttled, failures: 2 });
    await expectTold(stack, guilty, door.throttled);
    expect(await keptOf(stack, guilty)).toEqual(before);
    await stack.removeFault(slow);
  }
  await stack.put(toRenew(guilty));
  await stack.waitFor(guilty.metadata, ({ issuing, ready }) => issuing === undefined && ready.status === "True");
  return before;
}

async function batchOf(bed: Bed, { what, store, shared }: Door): Promise<[Manifest, Manifest | undefined]> {
  const annotations = store === "s3" ? { "certwright.dev/store": "s3" } : {};
  const ask = (name: string) =>
    certificate({
      ...{ name, namespace: name, issuer: bed.fresh(what), annotations },
      dnsNames: [`${name}.example.test`],
    });
  const guilty = ask(bed.fresh(`${what}-denied`));
  const neighbour = shared ? undefined : ask(bed.fresh(`${what}-beside`));
  const all = [guilty, ...(neighbour ? [neighbour] : [])];
  await bed.put(all);
  await bed.shown(all, ({ ready }) => ready?.reason === "IssuerNotFound");
  return [guilty, neighbour];
}

function inCalls(manifest: Manifest): InCalls {
  const { name, namespace = "default" } = manifest.metadata;
  return { name, namespace, dnsName: namesOf(manifest)[0] ?? "" };
}

function answersOf({ stack }: Bed, door: Door): Record<"denied" | "throttled", NonNullable<FaultRule["answer"]>> {
  const { instance, account } = stack.facts;
  const role = `${instance}-${door.by}`;
  const message =
    `User: arn:aws:sts::${account}:assumed-role/${role}/${role} is not authorized to perform: ${door.action} ` +
    `because no identity-based policy allows the ${door.action} action`;
  return {
    denied: { status: 400, code: "AccessDeniedException", ...door.answers?.denied, message },
    throttled: { status: 400, code: "ThrottlingException", message: "Rate exceeded", ...door.answers?.throttled },
  };
}

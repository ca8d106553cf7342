import { expect } from "vitest";
import type { Manifest } from "../../../local/requests.ts";
import { toRenew } from "../c-objects.ts";
import type { openBed } from "../integration-bed.ts";
import { certificate } from "../integration-bed.ts";
import { attemptsOf } from "../issuance-counts.ts";
import type { Kept } from "./aws-kept.ts";
import { expectIssued, keptOf, keyHashOf } from "./aws-kept.ts";
import type { Said } from "./aws-told.ts";
import { expectTold, untilFailed } from "./aws-told.ts";

type Bed = ReturnType<typeof openBed>;

/** Certificates that wait for an issuer which does not exist yet: one execution will take all of them (at most 50). */
export async function waitingBatch(bed: Bed, issuer: string, dnsNames: Record<string, string[]>): Promise<Manifest[]> {
  const batch = Object.entries(dnsNames).map(([name, names]) =>
    certificate({ name, namespace: issuer, issuer, dnsNames: names }),
  );
  await bed.put(batch);
  await bed.shown(batch, ({ ready }) => ready?.reason === "IssuerNotFound");
  return batch;
}

/**
 * Lets them go; answers how many share an execution with the one named. A sweep that comes while they are woken takes those
 * that are due by then, so not always all.
 */
export async function letGo(
  bed: Bed,
  issuer: string,
  batch: Manifest[],
  {
    named = batch[0],
    putIssuer = () => bed.putIssuer({ name: issuer, accountSecret: bed.fresh("batches-account") }),
  }: { named?: Manifest | undefined; putIssuer?: () => Promise<unknown> } = {},
): Promise<number> {
  await putIssuer();
  await Promise.all(
    batch.map(({ metadata }) =>
      bed.stack.waitFor(metadata, ({ attempt, issued }) => (attempt ?? issued) !== undefined),
    ),
  );
  const leases = await Promise.all(batch.map(async (one) => (await attemptsOf(bed.stack, one))[0]?.leaseId));
  const lease = leases[named ? batch.indexOf(named) : 0];
  return leases.filter((one) => one === lease).length;
}

/** `web-0`, `web-1` ... with a name each in the zone. */
export function namesIn(zone: string, prefix: string, count: number): Record<string, string[]> {
  const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
  return Object.fromEntries(names.map((name) => [name, [`${name}.${zone}`]]));
}

/**
 * The guilty ones fail and say why while the others are Ready; `cure` ends it, and they go on with order and key. Answers
 * what was seen.
 */
export async function onlyGuiltyFail(
  bed: Bed,
  { guilty, others, said, cure }: { guilty: Manifest[]; others: Manifest[]; said: Said; cure: () => Promise<unknown> },
): Promise<string> {
  const { stack } = bed;
  await Promise.all(guilty.map((one) => untilFailed(stack, one, said)));
  await bed.ready(others, 120_000);
  const failures = await Promise.all(others.map(({ metadata }) => stack.certificate(metadata)));
  expect(failures.map((row) => row?.failedIssuanceAttempts)).toEqual(others.map(() => undefined));
  for (const one of guilty) await expectTold(stack, one, said);
  const before = await Promise.all(guilty.map((one) => keptOf(stack, one)));
  await cure();
  await bed.put(guilty.map(toRenew));
  await bed.ready(guilty);
  await expectKept(bed, guilty, before);
  const counts = await expectIssued(stack, [...guilty, ...others]);
  return `${guilty.length} failed with ${said.reason}, ${others.length} Ready; after the cure ${counts}`;
}

/** Throws unless they have what they had before, and their secrets the key of then. */
export async function expectKept(bed: Bed, manifests: Manifest[], before: Kept[]): Promise<void> {
  for (const [index, manifest] of manifests.entries()) {
    expect(await keptOf(bed.stack, manifest)).toEqual(before[index]);
    expect(keyHashOf(await bed.read(manifest))).toBe(before[index]?.publicKeyHash);
  }
}

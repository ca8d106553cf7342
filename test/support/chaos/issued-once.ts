import { createHash, X509Certificate } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Call } from "../../../local/calls.ts";
import type { Manifest } from "../../../local/requests.ts";
import type { openBed, TestStack } from "../integration-bed.ts";
import { untilNoTxt } from "../integration-dns.ts";
import { attemptsOf, versionsOf } from "../issuance-counts.ts";

type Bed = ReturnType<typeof openBed>;

/** What may have happened more than once; 1 of each when absent. */
export interface Most {
  /** Orders that the CA counts. */
  orders?: number;
  attempts?: number;
  /** Of the stored secret. */
  versions?: number;
  /** How often it was issued on purpose. */
  revision?: number;
}

export interface Seen {
  orders: number;
  attempts: number;
  versions: number;
  /** Times the bus was told. */
  told: number;
}

/**
 * Waits until a Certificate is Ready and at rest, and throws unless all that must hold then holds: no more orders, attempts
 * and versions than `most`; the key of the certificate is the one that was asked with; no lease, no TXT record and no
 * sealed key is left.
 */
export async function issuedOnce(bed: Bed, manifest: Manifest, most: Most = {}, timeoutMs = 150_000): Promise<Seen> {
  const { stack } = bed;
  const { namespace = "default", name } = manifest.metadata;
  const { revision = 1 } = most;
  await stack.ready({ namespace, name }, { revision, timeoutMs });
  await untilAtRest(stack, manifest);
  await untilNoTxt(stack, dnsNamesOf(manifest), 30_000);
  const row = await stack.certificate({ namespace, name });
  if (row?.attempt || row?.issuing) throw new Error(`not at rest: ${JSON.stringify(row)}`);
  if (row?.revision !== revision) throw new Error(`revision ${row?.revision}, not ${revision}`);
  await keyIsKept(bed, manifest, row.issued?.attemptId ?? "");
  const seen = {
    orders: (await ordersMade(stack, dnsNamesOf(manifest)[0] ?? "")).length,
    attempts: (await attemptsOf(stack, manifest)).length,
    versions: (await versionsOf(stack, manifest)).length,
    told: (await tellings(stack, name)).length,
  };
  for (const what of ["orders", "attempts", "versions"] as const) {
    const allowed = most[what] ?? revision;
    if (seen[what] < revision || seen[what] > allowed)
      throw new Error(`${name}: ${seen[what]} ${what}, not ${revision}..${allowed}`);
  }
  if (seen.told < revision) throw new Error(`${name}: the bus was told ${seen.told} times`);
  return seen;
}

/** `2 orders, 1 attempt, 1 version; key kept, nothing left behind`. */
export function inWords({ orders, attempts, versions }: Seen): string {
  const many = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;
  const counted = [many(orders, "order"), many(attempts, "attempt"), many(versions, "version")].join(", ");
  return `${counted}; key kept, nothing left behind`;
}

export function dnsNamesOf({ spec }: Manifest): string[] {
  return (spec as { dnsNames: string[] }).dnsNames;
}

/** The newOrder requests for a name that the CA answered with an order, also where the answer reached nobody. */
async function ordersMade(stack: TestStack, dnsName: string): Promise<Call[]> {
  const asked = await stack.calls({ service: "acme", action: "newOrder", contains: `"${dnsName}"` });
  return asked.filter(({ objectStatus, error }) => objectStatus !== undefined && error === undefined);
}

/** The PutEvents calls that told of an issuance and reached the bus. */
async function tellings(stack: TestStack, name: string): Promise<Call[]> {
  const told = await stack.calls({
    action: "PutEvents",
    function: "write-secret",
    contains: `\\"name\\":\\"${name}\\"`,
  });
  return told.filter(({ durationMs, fault }) => durationMs !== undefined && fault !== "refuse");
}

/** Every attempt has ended and was cleaned up. */
async function untilAtRest(stack: TestStack, manifest: Manifest): Promise<void> {
  for (const end = Date.now() + 60_000; ; await sleep(250)) {
    const attempts = await attemptsOf(stack, manifest);
    const open = attempts.filter(({ outcome, hasRecords }) => outcome === undefined || hasRecords);
    const keys = await Promise.all(attempts.map(({ ref }) => stack.state.sealedKey(ref)));
    if (open.length === 0 && keys.every((key) => key === undefined)) return;
    if (Date.now() > end)
      throw new Error(
        `left: ${JSON.stringify({ open, keys: keys.filter(Boolean).length, name: manifest.metadata.name })}`,
      );
  }
}

/** The stored certificate is for the key that its attempt made, and the stored key is that key. */
async function keyIsKept({ stack, read }: Bed, manifest: Manifest, attemptId: string): Promise<void> {
  const secret = await read(manifest);
  await stack.verify(secret);
  const [attempt] = (await attemptsOf(stack, manifest)).filter(({ ref }) => ref.attemptId === attemptId);
  const csr = attempt && (await stack.state.csrs([attempt.ref])).get(attemptId);
  const { publicKey } = new X509Certificate(secret["tls.crt"] ?? "");
  const hash = createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");
  if (csr?.publicKeyHash !== hash) throw new Error(`${manifest.metadata.name}: the certificate is for another key`);
}

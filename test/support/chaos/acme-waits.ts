import { expect } from "vitest";
import { attemptsOf } from "../issuance-counts.ts";
import type { AcmeFault } from "./acme-front.ts";
import { type OwnCa, tells } from "./acme-rows.ts";
import { inWords, issuedOnce } from "./issued-once.ts";

/** A CA that says once, at one request, when to come back. */
export interface Slot {
  action: string;
  fault: AcmeFault;
  /** Epoch ms; read once the fault has happened. */
  until(): number;
}

/** It waits until then, asks nothing meanwhile, keeps its attempt, and is Ready from one order. No failure is counted. */
export async function waitsForSlot(ca: OwnCa, slot: Slot): Promise<string> {
  const { bed, front, issuer, want } = ca;
  await bed.put([issuer]);
  await bed.ready([issuer]);
  front.spoil(slot.action, slot.fault);
  const wanted = want();
  await bed.put([wanted]);
  const { row } = await tells(
    bed,
    wanted,
    "RateLimited",
    /(refused on purpose: rateLimited|HTTP 429 without a reason).* tried again at /,
  );
  const until = slot.until();
  expect(row.failedIssuanceAttempts).toBeUndefined();
  // Retry-After counts whole seconds.
  expect(Math.abs((row.dueAt ?? 0) - until)).toBeLessThan(2_000);
  const [attempt] = await attemptsOf(bed.stack, wanted);
  const seen = await issuedOnce(bed, wanted);
  const [after] = await attemptsOf(bed.stack, wanted);
  expect(after?.ref).toEqual(attempt?.ref);
  const refusedAt = front.asked.find(({ status }) => status === 429 || status === 503)?.at ?? 0;
  const early = front.asked.filter(({ at }) => at > refusedAt && at < until - 1_000);
  expect(early).toEqual([]);
  return `waited ${Math.round((until - refusedAt) / 1_000)} s, asked nothing meanwhile; ${inWords(seen)}`;
}

/** Until it is healed nothing helps: the failure is shown with its next try, and that goes on with order and key. */
export async function resumesAfter(ca: OwnCa, reason: string, words: RegExp): Promise<string> {
  const { bed, front, want } = ca;
  const wanted = want();
  await bed.put([wanted]);
  const { row, next } = await tells(bed, wanted, reason, words);
  expect(row.failedIssuanceAttempts).toBe(1);
  expect(next).toMatch(/^Attempt \S+ goes on at .*, with the same order and key/);
  const delaySeconds = ((row.dueAt ?? 0) - Date.parse(row.lastFailureTime ?? "")) / 1_000;
  // A minute and a fifth, and times to the second.
  expect(delaySeconds).toBeGreaterThanOrEqual(48);
  expect(delaySeconds).toBeLessThanOrEqual(73);
  const [before] = await attemptsOf(bed.stack, wanted);
  front.heal();
  const seen = await issuedOnce(bed, wanted);
  const [after] = await attemptsOf(bed.stack, wanted);
  expect(after?.ref).toEqual(before?.ref);
  if (before?.orderUrl) expect(after?.orderUrl).toBe(before.orderUrl);
  return `${reason}, again after ${Math.round(delaySeconds)} s: ${inWords(seen)}`;
}

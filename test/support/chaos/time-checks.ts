import { X509Certificate } from "node:crypto";
import { expect } from "vitest";
import { certificateSpec } from "../specs.ts";
import { minute, openTimeWorld, type TimeOptions, type TimeWorld } from "./time-world.ts";

/** What was seen of a fleet whose renewals went on by themselves. */
export interface Renewed {
  renewals: number;
  /** How long after its instant the latest renewal began, and before it the earliest, in minutes. */
  latest: number;
  earliest: number;
}

export interface FleetOptions extends TimeOptions {
  certificates: number;
  /** Between one first issuance and the next. */
  everyMs: number;
  forMs: number;
}

/** Issues a fleet, one after the other, and lets it renew by itself for some time. */
export async function fleet(options: FleetOptions): Promise<TimeWorld> {
  const world = await openTimeWorld(options);
  for (let index = 0; index < options.certificates; index += 1) {
    await world.p.apply(`web/c${index}`, certificateSpec(`c${index}`));
    await world.pass(options.everyMs);
  }
  await world.pass(options.forMs);
  return world;
}

/** Throws unless all renewed in the order of their instants, none too late, none twice, and nothing is left. */
export async function renewedInOrder(world: TimeWorld, withinMs = 2 * minute): Promise<Renewed> {
  const renewals = world.begun.filter(({ reason }) => reason === "Renewing");
  const instants = renewals.map(({ before }) => before?.issued?.renewalTime ?? 0);
  expect(instants).toEqual([...instants].sort((a, b) => a - b));
  for (const { id, at, before } of renewals) {
    const { renewalTime = 0, notAfter = 0 } = before?.issued ?? {};
    expect(Math.abs(at - renewalTime), `${id} is renewed at its instant`).toBeLessThanOrEqual(withinMs);
    expect(at, `${id} has not expired`).toBeLessThan(notAfter);
  }
  expect(world.begun.filter(({ reason }) => !["DoesNotExist", "Renewing"].includes(reason))).toEqual([]);
  await atRest(world);
  const delays = renewals.map(({ at }, index) => (at - (instants[index] ?? 0)) / minute);
  return {
    renewals: renewals.length,
    latest: Math.ceil(Math.max(...delays)),
    earliest: Math.floor(Math.min(...delays)),
  };
}

/** Throws unless every attempt made one order, one version of its secret and one fact, and left nothing. */
export async function atRest({ p, begun }: TimeWorld): Promise<void> {
  expect(p.ca.orders.size, "orders").toBe(begun.length);
  const told = p.facts.filter(({ type }) => type === "Certificate Issued");
  expect(told, "facts").toHaveLength(begun.length);
  expect(p.dns.names(), "TXT records").toEqual([]);
  for (const id of new Set(begun.map((one) => one.id))) {
    const row = await p.row(id);
    const times = begun.filter((one) => one.id === id).length;
    expect(row, id).toMatchObject({ revision: times, ready: { status: "True", reason: "Ready" } });
    expect([row?.attempt, row?.failedIssuanceAttempts, row?.issuing], id).toEqual([undefined, undefined, undefined]);
    const [namespace = "", name = ""] = id.split("/");
    expect(p.stores.secretsManager.secrets.get(`certwright/${id}-tls`)?.versions, id).toHaveLength(times);
    const leaf = new X509Certificate((await p.secret(namespace, `${name}-tls`))?.["tls.crt"] ?? "");
    expect(row?.issued?.notAfter, id).toBe(leaf.validToDate.getTime());
  }
}

/** The most states that one execution entered: a loop that does not wait shows here. */
export function mostStates({ p }: TimeWorld): number {
  return Math.max(0, ...p.executions.map(({ entered }) => entered.length));
}

/** Throws when more happened in any stretch of time than a token bucket lets through. */
export function withinBucket(what: string, times: number[], bucket: { capacity: number; refillSeconds: number }): void {
  const sorted = [...times].sort((a, b) => a - b);
  for (const [from, start] of sorted.entries()) {
    for (const [to, end] of sorted.entries()) {
      const allowed = bucket.capacity + (end - start) / (bucket.refillSeconds * 1_000);
      if (to >= from && to - from + 1 > allowed + 1e-6) {
        throw new Error(`${what}: ${to - from + 1} within ${(end - start) / 1_000} s, allowed are ${allowed}`);
      }
    }
  }
}

/** The most that happened in one minute. */
export function busiestMinute(times: number[]): number {
  const counts = new Map<number, number>();
  for (const at of times) counts.set(Math.floor(at / minute), (counts.get(Math.floor(at / minute)) ?? 0) + 1);
  return Math.max(0, ...counts.values());
}

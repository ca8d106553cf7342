import { expect } from "vitest";
import type { IssuerRow } from "../../core/rows.ts";
import {
  applyIssuer,
  asked,
  hourSeconds,
  minuteSeconds,
  onWire,
  orderStays,
  refuseNonces,
  type Wire,
} from "../support/chaos/acme-wire.ts";
import { chaosTable } from "../support/chaos/rows.ts";
import { chances } from "../support/explore/world.ts";

const tenMinutes = 10 * minuteSeconds;
const instant = ({ p }: Wire, seconds: number) => new Date(p.time.now().getTime() + seconds * 1_000);
const problem = (status: number, type: string, detail: string) => ({
  status,
  body: { type: `urn:ietf:params:acme:error:${type}`, detail },
});
const down = problem(503, "serverInternal", "maintenance");

/** Nothing is ever lost or done twice in these rows: so many orders, each of them used. */
function usedAllOrders({ ca, p }: Wire, orders: number): void {
  expect(ca.ca.orders.size).toBe(orders);
  expect([...ca.ca.orders.values()].map(({ status }) => status)).toEqual(Array(orders).fill("valid"));
  expect(p.dns.names()).toEqual([]);
}

async function slowAlone(wire: Wire, mostLooks: number): Promise<string> {
  await wire.want("www");
  await wire.pass(tenMinutes / 2);
  expect(await wire.row("www")).toMatchObject({
    issuing: { status: "True", reason: "DoesNotExist" },
    attempt: { leaseId: expect.any(String) },
  });
  expect(await wire.next("www")).toMatch(/is running, in step (validate-challenge|finalize-order)/);
  const seconds = await wire.ready("www");
  expect(seconds).toBeGreaterThanOrEqual(tenMinutes);
  expect(seconds).toBeLessThan(tenMinutes + 3 * minuteSeconds);
  await wire.pass(5);
  expect(wire.p.executions.map(({ status }) => status)).toEqual(["SUCCEEDED"]);
  usedAllOrders(wire, 1);
  const looks = asked(wire, "POST order");
  expect(looks).toBeLessThanOrEqual(mostLooks);
  return `Ready after ${Math.round(seconds / 60)} minutes in 1 execution; 1 order, looked at ${looks} times`;
}

chaosTable("The CA is slow (in memory, virtual clock)", [
  {
    fault: "an order stays `processing` for 10 minutes, alone",
    expected: "One execution waits, at a calm pace. Ready after 10 minutes, from one order.",
    quick: true,
    run: onWire(async (wire) => {
      const stays = orderStays(wire, { ready: "ready", valid: "processing" }, instant(wire, tenMinutes));
      for (const at of ["finalize", "order"]) wire.ca.fail(at, stays, 500);
      return slowAlone(wire, 45);
    }),
  },
  {
    fault: "the same, with Retry-After: 120",
    expected: "It looks only when the CA says.",
    run: onWire(async (wire) => {
      const stays = orderStays(wire, { valid: "processing" }, instant(wire, tenMinutes), 120);
      for (const at of ["finalize", "order"]) wire.ca.fail(at, stays, 500);
      return slowAlone(wire, 12);
    }),
  },
  {
    fault: "the CA looks for the TXT record for 10 minutes",
    expected: "One execution waits, the record stays. Ready after 10 minutes, from one order.",
    run: onWire(async (wire) => {
      wire.ca.fail("order", orderStays(wire, { ready: "pending" }, instant(wire, tenMinutes)), 500);
      return slowAlone(wire, 45);
    }),
  },
  {
    fault: "one order of a batch of three stays `processing` for 10 minutes",
    expected:
      "The two others are Ready within two minutes; the slow one goes on by itself and is Ready after 10 minutes.",
    run: onWire(
      async (wire) => {
        for (const name of ["a", "slow", "c"]) await wire.want(name);
        await wire.pass(30);
        await applyIssuer(wire);
        const slow = () => [...wire.ca.ca.orders.values()].find(({ names }) => names.includes("slow.example.test"))?.id;
        const stays = orderStays(wire, { valid: "processing" }, instant(wire, tenMinutes), undefined, slow);
        for (const at of ["finalize", "order"]) wire.ca.fail(at, stays, 1_000);
        const others = Math.max(await wire.ready("a"), await wire.ready("c"));
        expect(others).toBeLessThan(30 + 2 * minuteSeconds);
        await wire.pass(60);
        expect(await wire.next("slow")).toMatch(/^Attempt \S+ (is running|goes on at)/);
        const seconds = await wire.ready("slow");
        expect(seconds).toBeGreaterThanOrEqual(tenMinutes);
        expect(seconds).toBeLessThan(tenMinutes + 5 * minuteSeconds);
        await wire.pass(5);
        usedAllOrders(wire, 3);
        return `others after ${Math.round(others - 30)} s; the slow one Ready after ${Math.round(seconds / 60)} minutes; 3 orders`;
      },
      { issuer: false },
    ),
  },
]);

const endpoints = ["newNonce", "newOrder", "authorization", "challenge", "order", "finalize", "certificate"];

chaosTable("The CA is away (in memory, virtual clock)", [
  {
    fault: "each request of an issuance answers 503 twice, one after the other",
    expected: "Step Functions repeats the step: each is Ready in its first execution, from one order.",
    run: onWire(async (wire) => {
      for (const [index, endpoint] of endpoints.entries()) {
        wire.ca.fail(endpoint, down, 2);
        await wire.want(`at-${endpoint.toLowerCase()}`);
        await wire.ready(`at-${endpoint.toLowerCase()}`);
        await wire.pass(5);
        expect(wire.p.executions).toHaveLength(index + 1);
      }
      usedAllOrders(wire, endpoints.length);
      return `${endpoints.length} Ready in ${wire.p.executions.length} executions from ${wire.ca.ca.orders.size} orders`;
    }),
  },
  ...["newOrder", "finalize"].map((endpoint) => ({
    fault: `${endpoint} answers 503 for an hour`,
    expected:
      "Reason, message and next try are shown; it keeps order and key, asks ever more seldom, and is Ready afterwards.",
    run: onWire(async (wire) => {
      wire.ca.fail(endpoint, down, 9);
      await wire.want("www");
      await wire.pass(minuteSeconds);
      const before = await wire.row("www");
      expect(before).toMatchObject({
        failedIssuanceAttempts: 1,
        ready: { status: "False", reason: "CAUnavailable", message: expect.stringContaining("maintenance") },
        issuing: { status: "False", reason: "CAUnavailable" },
      });
      expect(await wire.next("www")).toMatch(
        /^Attempt \S+ goes on at .* with the same order and key \(CAUnavailable\)/,
      );
      await wire.pass(hourSeconds - minuteSeconds);
      const refused = asked(wire, `POST ${endpoint}`);
      // Three tries at 0, 1 and 11 minutes.
      expect(refused).toBe(9);
      expect((await wire.row("www")).attempt?.id).toBe(before.attempt?.id);
      const seconds = await wire.ready("www", 6);
      await wire.pass(5);
      usedAllOrders(wire, 1);
      return `asked ${refused} times in the hour, Ready ${Math.round(seconds / 60 - 60)} minutes later with the same attempt; 1 order`;
    }),
  })),
  {
    fault: "the CA is away for a day when a renewal is due",
    expected:
      "The certificate stays Ready, Issuing says why and when next; renewed within hours afterwards, from one order.",
    run: onWire(async (wire) => {
      await wire.want("www");
      await wire.ready("www");
      const { issued } = await wire.row("www");
      const dueIn = ((issued?.renewalTime ?? 0) - wire.p.time.now().getTime()) / 1_000;
      await wire.pass(dueIn - 60);
      const requests = asked(wire);
      wire.ca.ca.knobs.down = true;
      await wire.pass(24 * hourSeconds);
      expect(await wire.row("www")).toMatchObject({
        ready: { status: "True", reason: "Ready" },
        issuing: { status: "False", reason: "CAUnavailable" },
      });
      const next = await wire.next("www");
      expect(next).toMatch(/^(Next try at|Attempt \S+ goes on at) /);
      const spent = asked(wire) - requests;
      expect(spent).toBeLessThan(60);
      wire.ca.ca.knobs.down = false;
      const revision = async () => (await wire.row("www")).revision === 2;
      await wire.p.time.runUntilTrue(revision, 7 * hourSeconds * 1_000);
      await wire.pass(5);
      usedAllOrders(wire, 2);
      return `asked ${spent} times in the day; Ready all the time, then renewed from 1 order`;
    }),
  },
]);

chaosTable("The CA refuses nonces and rates (in memory, virtual clock)", [
  {
    fault: "90 % of all nonces are refused, and nobody helps",
    expected: "Ready in the end; a refused nonce costs no order.",
    run: onWire(
      async (wire) => {
        refuseNonces(wire, 0.9, chances(7));
        await applyIssuer(wire);
        for (const name of ["a", "b", "c"]) await wire.want(name);
        const seconds = [await wire.ready("a", 100), await wire.ready("b", 100), await wire.ready("c", 100)];
        await wire.pass(5);
        usedAllOrders(wire, 3);
        expect(wire.ca.ca.accounts.size).toBe(1);
        return `3 Ready after at most ${(Math.max(...seconds) / 3_600).toFixed(1)} hours; 3 orders, 1 account, ${asked(wire)} requests`;
      },
      { issuer: false },
    ),
  },
  {
    fault: "newOrder answers 429 with a date three hours ahead",
    expected: "Not one request before that time; then Ready from one order. No failure is counted.",
    run: onWire(async (wire) => {
      const until = instant(wire, 3 * hourSeconds);
      const limited = problem(429, "rateLimited", "too many new orders recently");
      wire.ca.fail("newOrder", { ...limited, headers: { "Retry-After": until.toUTCString() } });
      await wire.want("www");
      await wire.pass(minuteSeconds);
      const requests = asked(wire);
      expect(await wire.row("www")).toMatchObject({ issuing: { reason: "RateLimited" }, dueAt: until.getTime() });
      expect(await wire.next("www")).toContain("RateLimited");
      await wire.p.time.runUntil(until);
      expect(asked(wire)).toBe(requests);
      expect((await wire.row("www")).failedIssuanceAttempts).toBeUndefined();
      const seconds = await wire.ready("www");
      await wire.pass(5);
      usedAllOrders(wire, 1);
      return `silent for 3 hours, Ready ${Math.round(seconds - 3 * hourSeconds)} s later; 1 order`;
    }),
  },
  {
    fault: "429 at newOrder for three hours, with 20 Certificates at once and more to come",
    expected: "Each asks at most once before that time; afterwards all are Ready, each from one order.",
    run: onWire(async (wire) => {
      const { knobs } = wire.ca.ca;
      knobs.limitedUntil = instant(wire, 3 * hourSeconds);
      const names = Array.from({ length: 20 }, (_, index) => `c${index}`);
      for (const name of names) await wire.want(name);
      await wire.pass(10 * minuteSeconds);
      const early = asked(wire, "POST newOrder");
      expect(early).toBeLessThanOrEqual(20);
      await wire.p.time.runUntil(knobs.limitedUntil);
      expect(asked(wire, "POST newOrder")).toBe(early);
      for (const name of names) await wire.ready(name);
      await wire.pass(5);
      usedAllOrders(wire, 20);
      return `${early} requests in the three hours; then 20 Ready from 20 orders`;
    }),
  },
  {
    fault: "an issuer that is Ready meets 503 at its daily check",
    expected: "It stays Ready, and so do its certificates.",
    run: onWire(async (wire) => {
      await wire.want("www");
      await wire.ready("www");
      wire.ca.fail("directory", down, 100);
      await wire.pass(25 * hourSeconds);
      const issuer = await wire.p.state.issuer({ namespace: "_cluster", kind: "ClusterIssuer", name: "ca" });
      expect(issuer).toMatchObject({ ready: { status: "True" }, failedChecks: expect.any(Number) } satisfies Partial<
        Record<keyof IssuerRow, unknown>
      >);
      expect(await wire.p.ready("web/www")).toBe(true);
      return `Ready, after ${issuer?.failedChecks} checks in vain`;
    }),
  },
]);

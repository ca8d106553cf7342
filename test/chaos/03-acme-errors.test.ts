import { expect } from "vitest";
import type { Manifest } from "../../local/requests.ts";
import { toRenew } from "../support/c-objects.ts";
import { breaksAfter, breaksBefore, halves, late, refuses, showsPage } from "../support/chaos/acme-front.ts";
import { atOwnCa, checkNow, issuerTells, tells } from "../support/chaos/acme-rows.ts";
import { resumesAfter, waitsForSlot } from "../support/chaos/acme-waits.ts";
import { inWords, issuedOnce } from "../support/chaos/issued-once.ts";
import { type ChaosRow, chaosTable } from "../support/chaos/rows.ts";
import { openBed } from "../support/integration-bed.ts";

const bed = openBed();

const steps = ["newNonce", "newOrder", "authorization", "challenge", "order", "finalize", "certificate"];
const limited = { detail: "refused on purpose: rateLimited" };
/** Long enough to look at it with the command line on a slow machine. */
const pauseSeconds = 20;
const afterPause = () => ({ "retry-after": String(pauseSeconds) });

/** Executions that were started for a Certificate. */
function executionsOf({ metadata }: Manifest): Promise<number> {
  return bed.stack.count({ action: "StartExecution", status: 200, contains: metadata.name });
}

/** A row whose issuer is Ready before anything breaks. */
function whenReady(name: string, run: Parameters<typeof atOwnCa>[2]): ChaosRow["run"] {
  return atOwnCa(bed, name, async (ca) => {
    await bed.put([ca.issuer]);
    await bed.ready([ca.issuer]);
    return run(ca);
  });
}

chaosTable(
  "The CA answers 5xx",
  [
    ...steps.map((action) => ({
      fault: `${action} answers 503 twice`,
      expected: "The step is repeated at once: Ready in the first execution, from one order.",
      quick: action === "finalize",
      run: whenReady(`burst-${action.toLowerCase()}`, async ({ front, want }) => {
        front.spoil(action, refuses(503, "serverInternal"), { times: 2 });
        const wanted = want();
        await bed.put([wanted]);
        const seen = await issuedOnce(bed, wanted);
        expect(front.count(action, 503)).toBe(2);
        expect(await executionsOf(wanted)).toBe(1);
        return inWords(seen);
      }),
    })),
    ...["newOrder", "finalize"].map((action) => ({
      fault: `${action} answers 500 for longer than the repeats of a step`,
      expected:
        "The failure is shown with the time of the next try; about a minute later it goes on with its order and key.",
      run: whenReady(`outage-${action.toLowerCase()}`, async (ca) => {
        ca.front.spoil(action, refuses(500, "serverInternal", { detail: "maintenance" }), { times: -1 });
        const seen = await resumesAfter(ca, "CAUnavailable", /maintenance \(serverInternal\)/);
        expect(ca.front.count(action, 500)).toBe(3);
        return seen;
      }),
    })),
  ],
  { beside: true },
);

const slots = [
  ...steps.map((action) => ({ action, how: "429 and Retry-After in seconds" })),
  { action: "newOrder", how: "503 and Retry-After" },
];

chaosTable(
  "The CA names a time to come back",
  [
    ...slots.map(({ action, how }) => ({
      fault: `${action} answers ${how}`,
      expected:
        "It waits exactly so long, asks nothing meanwhile, and goes on with the same attempt: Ready from one order.",
      run: atOwnCa(bed, `slot-${how.slice(0, 3)}-${action.toLowerCase()}`, async (ca) => {
        const fault = refuses(Number(how.slice(0, 3)), "rateLimited", { ...limited, headers: afterPause });
        const until = () =>
          (ca.front.asked.find(({ status }) => status === 429 || status === 503)?.at ?? 0) + pauseSeconds * 1_000;
        return waitsForSlot(ca, { action, fault, until });
      }),
    })),
    {
      fault: "newOrder answers 429 and Retry-After as a date",
      expected: "The same.",
      run: atOwnCa(bed, "slot-date", async (ca) => {
        const until = Math.floor(Date.now() / 1_000) * 1_000 + (pauseSeconds + 5) * 1_000;
        const fault = refuses(429, "rateLimited", {
          ...limited,
          headers: () => ({ "retry-after": new Date(until).toUTCString() }),
        });
        return waitsForSlot(ca, { action: "newOrder", fault, until: () => until });
      }),
    },
    {
      fault: "newOrder answers rateLimited without a time, status 400",
      expected: "It waits an hour, says so, and `certwright renew` goes on at once with the same attempt.",
      run: whenReady("slot-none", async ({ front, want }) => {
        front.spoil("newOrder", refuses(400, "rateLimited", limited));
        const wanted = want();
        await bed.put([wanted]);
        const { row, next } = await tells(bed, wanted, "RateLimited", /rateLimited/);
        const minutes = ((row.dueAt ?? 0) - Date.now()) / 60_000;
        expect(minutes).toBeGreaterThan(58);
        expect(minutes).toBeLessThanOrEqual(60);
        await bed.put([toRenew(wanted)]);
        await issuedOnce(bed, wanted);
        return `"${next.slice(0, 70)}...", then Ready from 1 order`;
      }),
    },
  ],
  { beside: true },
);

chaosTable(
  "The CA's answer is lost, broken or late",
  [
    ...["newNonce", "newOrder", "challenge", "order", "finalize", "certificate"].map((action) => ({
      fault: `${action}: the connection breaks before the CA hears it`,
      expected: "The step is repeated: Ready in the first execution, from one order.",
      run: whenReady(`deaf-${action.toLowerCase()}`, async ({ front, want }) => {
        front.spoil(action, breaksBefore);
        const wanted = want();
        await bed.put([wanted]);
        return inWords(await issuedOnce(bed, wanted));
      }),
    })),
    ...[
      { of: (action: string) => `${action}: the answer is lost after the CA did it`, fault: breaksAfter, name: "mute" },
      { of: (action: string) => `${action}: half of the answer`, fault: halves, name: "half" },
      { of: (action: string) => `${action}: a web page with status 200`, fault: showsPage, name: "page" },
    ].flatMap(({ of, fault, name }) =>
      ["newOrder", "authorization", "challenge", "order", "finalize"].map((action) => ({
        fault: of(action),
        expected:
          action === "newOrder"
            ? "Ready; the order whose URL never arrived is lost: the CA counts two, never three."
            : "The step is repeated: Ready in the first execution, from one order.",
        run: whenReady(`${name}-${action.toLowerCase()}`, async ({ front, want }) => {
          front.spoil(action, fault);
          const wanted = want();
          await bed.put([wanted]);
          const orders = action === "newOrder" ? 2 : 1;
          return inWords(await issuedOnce(bed, wanted, { orders }));
        }),
      })),
    ),
    {
      fault: "newOrder is answered after 30 seconds, longer than the client waits",
      expected: "Ready; the order whose URL came too late is lost: the CA counts two, never three.",
      run: whenReady("late", async ({ front, want }) => {
        front.spoil("newOrder", late(30_000));
        const wanted = want();
        await bed.put([wanted]);
        return inWords(await issuedOnce(bed, wanted, { orders: 2 }));
      }),
    },
  ],
  { beside: true },
);

chaosTable(
  "The CA cannot register the account",
  [
    ...["directory", "newNonce", "newAccount"].flatMap((action) => [
      {
        fault: `${action} answers 503 while the issuer is checked`,
        expected:
          "Issuer and Certificate say why and when it is looked at again; checked again, both are Ready with one account.",
        run: atOwnCa(bed, `register-503-${action.toLowerCase()}`, async ({ front, issuer, want }) => {
          front.spoil(action, refuses(503, "serverInternal", { detail: "maintenance" }), { times: -1 });
          const wanted = want();
          await bed.put([issuer, wanted]);
          const next = await issuerTells(
            bed,
            issuer,
            "ErrRegisterACMEAccount",
            /maintenance \(serverInternal\)|HTTP 503 without a reason/,
          );
          expect(next).toMatch(/^It is checked again at /);
          await tells(bed, wanted, "IssuerNotReady", /is not ready: ErrRegisterACMEAccount: .*(maintenance|HTTP 503)/);
          front.heal();
          await checkNow(bed, issuer);
          await issuedOnce(bed, wanted);
          expect(front.count("newAccount", 201)).toBe(1);
          return "ErrRegisterACMEAccount and IssuerNotReady, then Ready; 1 account";
        }),
      },
      {
        fault: `${action} answers 429 with Retry-After while the issuer is checked`,
        expected:
          "The issuer is checked again at that time, not earlier and not a backoff later; Ready with one account.",
        run: atOwnCa(bed, `register-429-${action.toLowerCase()}`, async ({ front, issuer, want }) => {
          front.spoil(action, refuses(429, "rateLimited", { ...limited, headers: afterPause }));
          const wanted = want();
          await bed.put([issuer, wanted]);
          const next = await issuerTells(
            bed,
            issuer,
            "ErrRegisterACMEAccount",
            /(rateLimited|HTTP 429).* tried again at /,
          );
          await issuedOnce(bed, wanted);
          const refusedAt = front.asked.find(({ status }) => status === 429)?.at ?? 0;
          const again = front.asked.find(({ at }) => at > refusedAt)?.at ?? 0;
          expect(again - refusedAt).toBeGreaterThanOrEqual(pauseSeconds * 1_000);
          expect(again - refusedAt).toBeLessThan(45_000);
          expect(front.count("newAccount", 201)).toBe(1);
          return `"${next}", came back after ${Math.round((again - refusedAt) / 1_000)} s; 1 account`;
        }),
      },
    ]),
  ],
  { beside: true },
);

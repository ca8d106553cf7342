import { monthlyBill, total } from "./bill.ts";
import type { Task } from "./run.ts";
import type { Outcome, ScenarioName } from "./scenarios.ts";
import type { FleetShape } from "./seed.ts";
import { callsOf, type Usage } from "./usage.ts";

/** All that was seen of a fleet of one size. */
export interface Figures {
  certificates: number;
  runs: Record<ScenarioName, Outcome>;
  /** Dollars a month by service, for either store. */
  bills: { secretsManager: Record<string, number>; s3: Record<string, number> };
}

/** What `--json` prints. */
export interface FleetTotal {
  certificates: number;
  firstIssuanceDays: number;
  renewalsFailed: number;
  smallestMargin: number;
  urgentRenewalMinutes: number;
  monthlyUsd: { secretsManager: number; s3: number };
}

/** Both stores are met: the floods in Secrets Manager, whose 50 writes a second could hold them up, the week in S3. */
const stores = {
  first: "secretsManager",
  week: "s3",
  outageCa: "secretsManager",
  outageDns: "s3",
  urgent: "s3",
} as const;

/** What has to be simulated for a fleet of one size, the longest first. */
export function tasksOf(fleet: FleetShape): Task[] {
  const names = Object.keys(stores) as ScenarioName[];
  return names.map((scenario) => ({ scenario, fleet, store: stores[scenario] }));
}

/** Puts the outcomes of `tasksOf`, in that order, together. */
export function figuresOf(certificates: number, outcomes: Outcome[]): Figures {
  const names = Object.keys(stores) as ScenarioName[];
  const runs = Object.fromEntries(names.map((name, index) => [name, outcomes[index]])) as Figures["runs"];
  const { week, outageCa } = runs;
  const { tableBytes = 0, bucketBytes = 0 } = week.stored ?? {};
  const billed = { days: week.days, tableBytes };
  return {
    certificates,
    runs,
    bills: {
      s3: monthlyBill({ ...billed, used: week.used, secrets: 0, bucketBytes }),
      secretsManager: monthlyBill({
        ...billed,
        used: withSecretsManager(week, outageCa),
        secrets: certificates,
        bucketBytes: 0,
      }),
    },
  };
}

/** The week with the calls that a certificate's secret took in the run with the other store: one of KMS for each value. */
function withSecretsManager(week: Outcome, other: Outcome): Usage {
  const calls = Object.fromEntries(Object.entries(week.used.calls).filter(([call]) => !call.startsWith("s3 ")));
  const share = other.issued === 0 ? 0 : week.issued / other.issued;
  const writes = callsOf(other.used, "secretsmanager", /^(Describe|Create|Put|Update)/) * share;
  return {
    ...week.used,
    calls: { ...calls, "secretsmanager of values": writes, "kms GenerateDataKey by Secrets Manager": week.issued },
  };
}

/** The figures a caller compares. */
export function totalOf({ certificates, runs, bills }: Figures): FleetTotal {
  const all = Object.values(runs);
  const { first, urgent } = runs;
  return {
    certificates,
    firstIssuanceDays: round((first.drainHours ?? Number.NaN) / 24, 3),
    renewalsFailed: all.reduce((sum, { failed }) => sum + failed, 0),
    smallestMargin: round(Math.min(...all.map(({ smallestMargin }) => smallestMargin)), 4),
    urgentRenewalMinutes: round(urgent.urgentMinutes ?? Number.NaN, 2),
    monthlyUsd: { secretsManager: total(bills.secretsManager), s3: total(bills.s3) },
  };
}

/** Design 7, and the margin: what is held at every size up to 100,000. */
export const budgets = { s3MonthlyUsd: 50, smallestMargin: 0.1, renewalsFailed: 0 };

/** What was missed, in words; empty when all was held. */
export function missed(seen: FleetTotal): string[] {
  const { monthlyUsd, smallestMargin, renewalsFailed } = seen;
  return [
    ...(monthlyUsd.s3 <= budgets.s3MonthlyUsd
      ? []
      : [`$${monthlyUsd.s3} a month in S3, over $${budgets.s3MonthlyUsd}`]),
    ...(smallestMargin >= budgets.smallestMargin ? [] : [`a margin of ${smallestMargin}`]),
    ...(renewalsFailed <= budgets.renewalsFailed ? [] : [`${renewalsFailed} certificates failed or were late`]),
  ];
}

export function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

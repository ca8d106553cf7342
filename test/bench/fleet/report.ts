import { total } from "./bill.ts";
import { budgets, type Figures, type FleetTotal, missed, round, totalOf } from "./figures.ts";
import type { Outcome } from "./scenarios.ts";
import { callsOf } from "./usage.ts";

/** The report of a fleet, each size a column. */
export function fleetReport(figures: Figures[]): string {
  const totals = figures.map(totalOf);
  const sizes = figures.map(({ certificates }) => certificates.toLocaleString("en-US"));
  const parts = [
    section("Fleet", sizes, summary(totals)),
    ...(["first", "week", "outageCa", "outageDns", "urgent"] as const).map((name) => {
      const runs = figures.map(({ runs: all }) => all[name]);
      const [one] = runs;
      return section(`${one?.scenario} (store ${one?.store})`, sizes, runRows(runs));
    }),
    section("Dollars a month, 7-day certificates, S3", sizes, billRows(figures, "s3")),
    section("Dollars a month, 7-day certificates, Secrets Manager", sizes, billRows(figures, "secretsManager")),
    verdict(totals),
  ];
  return `${parts.join("\n\n")}\n`;
}

type Row = [what: string, ...values: (string | number | undefined)[]];

function summary(totals: FleetTotal[]): Row[] {
  return [
    ["first issuances, days to drain", ...totals.map(({ firstIssuanceDays }) => firstIssuanceDays)],
    ["failed, expired or late", ...totals.map(({ renewalsFailed }) => renewalsFailed)],
    ["smallest margin (life left / lifetime)", ...totals.map(({ smallestMargin }) => smallestMargin)],
    ["urgent renewal amid the flood, minutes", ...totals.map(({ urgentRenewalMinutes }) => urgentRenewalMinutes)],
    ["a month with Secrets Manager, $", ...totals.map(({ monthlyUsd }) => monthlyUsd.secretsManager)],
    ["a month with S3, $", ...totals.map(({ monthlyUsd }) => monthlyUsd.s3)],
  ];
}

function runRows(runs: Outcome[]): Row[] {
  const row = (what: string, of: (run: Outcome) => number | undefined): Row => [what, ...runs.map(of)];
  const calls = [...new Set(runs.flatMap(({ used }) => Object.keys(used.calls)))].sort();
  const functions = [...new Set(runs.flatMap(({ used }) => Object.keys(used.lambda)))].sort();
  const rows = [
    row("hours to drain", ({ drainHours }) => drainHours && round(drainHours, 2)),
    row("urgent renewal, minutes", ({ urgentMinutes }) => urgentMinutes && round(urgentMinutes, 2)),
    row("days simulated", ({ days }) => round(days, 2)),
    row("certificates issued", ({ issued }) => issued),
    row("peak backlog", ({ peakBacklog }) => peakBacklog),
    row("smallest margin", ({ smallestMargin }) => round(smallestMargin, 4)),
    row("failed, expired or late", ({ failed }) => failed),
    row("orders the CA refused by a limit", ({ refusedOrders }) => refusedOrders),
    row("executions", ({ used }) => used.executions),
    row("state transitions", ({ used }) => used.transitions),
    row("DynamoDB write units, tables", ({ used }) => used.writeUnits),
    row("DynamoDB write units, indexes", ({ used }) => used.indexWriteUnits),
    row("DynamoDB read units", ({ used }) => Math.round(used.readUnits)),
    row("calls throttled", ({ used }) => used.throttled),
    row("most Lambdas at once", ({ mostLambdasAtOnce }) => mostLambdasAtOnce),
    row("Lambda calls over their time limit", overtime),
    ...calls.map((call) => row(`calls: ${call}`, ({ used }) => Math.round(used.calls[call] ?? 0))),
    ...functions.map((name) => row(`Lambda ${name}: calls`, ({ used }) => used.lambda[name]?.calls ?? 0)),
    row("Lambda GB-seconds", gigabyteSeconds),
    row("ACME requests for each certificate", ({ used, issued }) => round(callsOf(used, "acme") / issued, 2)),
  ];
  return rows.filter(([, ...values]) => values.some((value) => value !== undefined));
}

function overtime({ used }: Outcome): number {
  return Object.values(used.lambda).reduce((sum, one) => sum + one.overtime, 0);
}

function gigabyteSeconds({ used }: Outcome): number {
  return Math.round(Object.values(used.lambda).reduce((sum, one) => sum + one.gigabyteSeconds, 0));
}

function billRows(figures: Figures[], store: "s3" | "secretsManager"): Row[] {
  const services = Object.keys(figures[0]?.bills[store] ?? {});
  const rows = services.map((service): Row => {
    return [service, ...figures.map(({ bills }) => round(bills[store][service] ?? 0, 2))];
  });
  return [...rows, ["in all", ...figures.map(({ bills }) => total(bills[store]))]];
}

function section(title: string, sizes: string[], rows: Row[]): string {
  const cells = [[title, ...sizes], ...rows.map((row) => row.map((cell) => (cell === undefined ? "-" : String(cell))))];
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function verdict(totals: FleetTotal[]): string {
  const { s3MonthlyUsd, smallestMargin, renewalsFailed } = budgets;
  const words = `S3 <= $${s3MonthlyUsd} a month, margin >= ${smallestMargin}, failed <= ${renewalsFailed}`;
  const faults = totals.flatMap((seen) => missed(seen).map((fault) => `${seen.certificates}: ${fault}`));
  return `Budgets (${words}): ${faults.length === 0 ? "held" : `MISSED: ${faults.join("; ")}`}`;
}

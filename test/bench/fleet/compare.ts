import { round } from "./figures.ts";
import { type RealRun, realRun } from "./real.ts";
import { dropLocally } from "./scenarios.ts";
import type { Usage } from "./usage.ts";

/** How far a count of the simulation may be from the real one. */
const tolerance = 0.05;

/** Counts of one run, each for one certificate (or one execution). */
type Counts = Map<string, number>;

/** Runs so many certificates on the local stack and in the simulation, and prints both; answers 1 when they differ too much. */
export async function compareWithReal(certificates: number, tell: (line: string) => void): Promise<number> {
  const real = await realRun(certificates, tell);
  const simulated = await dropLocally(certificates);
  const [one, other] = [realCounts(real), simulatedCounts(simulated.used, certificates)];
  const rows = [...one].map(([what, count]) => compared(what, count, other.get(what) ?? 0));
  const lines = rows.map(({ text }) => text);
  process.stdout.write(`${[heading, ...lines, "", ...explained].join("\n")}\n`);
  return rows.every(({ held }) => held) ? 0 : 1;
}

const heading = line("for each certificate, or execution", "real", "simulated", "apart", "");

const perExecution = "certificates, each execution";

/** What cannot be the same, and why. */
const explained = [
  "Certificates, each execution: the emulator ignores the stream's batching window of a second (docs/decisions/0013), so its batches are",
  "smaller. Transitions are compared for each execution for that reason; for each certificate they differ by just as much.",
  "Not compared: rounds of waiting (time decides; three transitions each); read units, of which the emulator tells none for BatchGetItem;",
  "what depends on how many environments of a function are warm (newNonce, ListHostedZones, GetSecretValue); ACME requests that Pebble",
  "refuses on purpose with badNonce (5 %). PutItem differs by how many of the certificates first wait for the limit of executions.",
];

function compared(what: string, real: number, simulated: number): { text: string; held: boolean } {
  const apart = real === simulated ? 0 : Math.abs(simulated - real) / Math.max(real, 1e-9);
  const explains = what === perExecution;
  const held = explains || apart <= tolerance;
  const text = line(
    what,
    String(round(real, 3)),
    String(round(simulated, 3)),
    `${round(100 * apart, 1)} %`,
    verdictOf(held, explains),
  );
  return { text, held };
}

function verdictOf(held: boolean, explains: boolean): string {
  if (explains) return "see below";
  return held ? "" : "APART";
}

function line(what: string, real: string, simulated: string, apart: string, verdict: string): string {
  return `${what.padEnd(48)}${real.padStart(10)}${simulated.padStart(12)}${apart.padStart(10)}  ${verdict}`.trimEnd();
}

const perCertificate = [
  "dynamodb PutItem",
  "dynamodb UpdateItem",
  "dynamodb DeleteItem",
  "dynamodb GetItem",
  "kms GenerateDataKey",
  "kms Decrypt",
  "secretsmanager CreateSecret",
  "acme newOrder",
  "acme authorization",
  "acme challenge",
  "acme order",
  "acme finalize",
  "acme certificate",
];

/** A round of waiting is Wait, task and Choice. */
const statesPerRound = 3;

function realCounts({ calls, certificates, writeUnits, executions, transitions, waits }: RealRun): Counts {
  return new Map([
    ...perCertificate.map((call): [string, number] => [call, (calls[call] ?? 0) / certificates]),
    ["dynamodb write units, indexes included", writeUnits / certificates],
    ["state transitions besides rounds, each execution", (transitions - statesPerRound * waits) / executions],
    [perExecution, certificates / executions],
    ["route53 ChangeResourceRecordSets, each execution", (calls["route53 ChangeResourceRecordSets"] ?? 0) / executions],
  ]);
}

function simulatedCounts(used: Usage, certificates: number): Counts {
  const writeUnits = used.writeUnits + used.indexWriteUnits;
  return realCounts({ ...used, writeUnits, certificates, seconds: 0 });
}

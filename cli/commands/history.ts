import { part, shortId } from "../describe-parts.ts";
import { fromNow } from "../durations.ts";
import { UsageError } from "../failure.ts";
import { type FailedAttempt, type History, historyOf, type Issuance } from "../issuance-history.ts";
import { certificateName, keyIn } from "../kinds.ts";
import { document, parseFormat } from "../output.ts";
import { type Cell, table } from "../table.ts";
import type { Call, Verb } from "../verb.ts";

/** Lists what a Certificate was issued, and what failed since. */
export const historyVerb: Verb = {
  name: "history",
  summary: "List the revisions of a Certificate: when each was issued, why, and which one is in use",
  usage: ["history NAME [-n NAMESPACE] [-o wide|json|yaml]"],
  notes: [
    "As many of the newest as spec.revisionHistoryLimit says (1, unless the object says more), and the attempts that failed",
    "since the newest. -o json and yaml have each certificate's chain and request in PEM.",
  ],
  options: ["namespace", "output"],
  examples: [
    ["What was issued, and why?", "certwright history web"],
    ["The certificate before this one", "certwright history web -o json | jq -r '.revisions[1].certificate'"],
  ],
  run: runHistory,
};

async function runHistory({ values, args, io, connect }: Call): Promise<number> {
  const [arg, second] = args;
  if (arg === undefined) throw new UsageError("the history of which Certificate? give its name");
  if (second !== undefined) throw new UsageError("history takes one name");
  const key = keyIn(values.namespace ?? "default", "Certificate", certificateName(arg, "issued in revisions"));
  const format = parseFormat(values.output);
  const installation = await connect();
  const history = await historyOf(installation, key);
  if (format === "json" || format === "yaml") io.out(document(history, format));
  else
    io.out(
      textOf(history, { wide: format === "wide", now: installation.clock.now().getTime(), colour: io.colour.out }),
    );
  return 0;
}

function textOf(
  { revisions, failedSince }: History,
  { wide, now, colour }: { wide: boolean; now: number; colour: boolean },
): string {
  const header = [...narrowHeader, ...(wide ? wideHeader : [])];
  const rows = revisions.map((one) => [...narrow(one, now), ...(wide ? wideCells(one) : [])]);
  const issued = rows.length === 0 ? "Nothing was issued yet." : table(header, rows, { colour });
  if (failedSince.length === 0) return issued;
  return `${issued}\n\n${part(
    "Failed since",
    failedSince.map((one) => failedCells(one, now)),
    failedHeader,
    colour,
  )}`;
}

const narrowHeader = ["REVISION", "STATUS", "ISSUED", "REASON", "SERIAL", "NOT-AFTER", "ATTEMPT"];
const wideHeader = ["NOT-BEFORE", "ISSUER", "SHA-256"];
const failedHeader = ["ATTEMPT", "WHY", "FAILED", "STEP", "REASON", "MESSAGE"];
const unknown = "<unknown>";

function narrow(
  { revision, current, issuedAt, reason, serialNumber, notAfter, attempt }: Issuance,
  now: number,
): Cell[] {
  return [
    String(revision),
    current ? { text: "in use", style: "green" } : "replaced",
    issuedAt === undefined ? unknown : `${issuedAt} (${fromNow(Date.parse(issuedAt), now)})`,
    reason ?? unknown,
    serialNumber ?? unknown,
    notAfter ?? unknown,
    shortId(attempt),
  ];
}

function wideCells({ notBefore, issuer, fingerprint }: Issuance): Cell[] {
  return [notBefore ?? unknown, issuer ?? unknown, fingerprint ?? unknown];
}

function failedCells({ attempt, why, failedAt, step, reason, message }: FailedAttempt, now: number): Cell[] {
  const failed = fromNow(Date.parse(failedAt), now);
  return [shortId(attempt), why, failed, step, { text: reason, style: "red" }, message];
}

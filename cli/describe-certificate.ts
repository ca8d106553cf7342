import { X509Certificate } from "node:crypto";
import { storedName } from "../core/deps.ts";
import { renewsAt } from "../core/renewal.ts";
import type { RevocationRow } from "../core/revocation/state.ts";
import type { AttemptRow, CertificateRow, Issued } from "../core/rows.ts";
import { rfc3339 } from "../core/status.ts";
import { textAt } from "./as-written.ts";
import { conditionsPart, eventsPart, headPart, part, shortId } from "./describe-parts.ts";
import { targetsPart } from "./describe-targets.ts";
import { fromNow, span, took } from "./durations.ts";
import { nextStep } from "./next-step.ts";
import type { Seen } from "./objects.ts";
import { issuerOf, namesOf } from "./summary.ts";
import { type Cell, fields } from "./table.ts";
import type { Installation } from "./verb.ts";

const eventsShown = 25;

/** The text of `describe certificate`. */
export async function describeCertificate(installation: Installation, seen: Seen, colour: boolean): Promise<string> {
  const { state, clock, instance } = installation;
  const { key, certificate, written } = seen;
  const now = clock.now().getTime();
  const [attempts, events, leaf, targets, revocations] = await Promise.all([
    state.attemptsOf(key),
    state.events(key, eventsShown),
    leafOf(installation, seen),
    targetsPart(installation, seen, colour),
    state.revocationsOf(key),
  ]);
  const secretName = textAt(written.spec, "secretName") ?? "<none>";
  const head = headPart(seen, [
    ["DNS Names", namesOf(seen).join("\n") || "<none>"],
    ["Issuer", issuerOf(seen)],
    ["Secret", storedName(instance, key.namespace, secretName)],
  ]);
  return [
    head,
    conditionsPart([certificate?.ready, certificate?.issuing], now, colour),
    certificate?.issued
      ? `Certificate:\n${issuedPart(certificate, certificate.issued, leaf, now)}`
      : "Certificate:  <none>",
    failuresPart(certificate),
    targets,
    revocationsPart(revocations, colour),
    attemptsPart(attempts, seen, now, colour),
    eventsPart(events, now, colour),
    `Next:\n  ${nextStep(seen, now)}`,
  ]
    .filter((text) => text !== "")
    .join("\n\n");
}

function issuedPart(
  { revision, ari, crl }: CertificateRow,
  issued: Issued,
  leaf: X509Certificate | undefined,
  now: number,
): string {
  const instant = (at: number) => `${rfc3339(at)} (${fromNow(at, now)})`;
  const renewal = renewsAt(issued, ari);
  return fields(
    [
      ["Revision", revision === undefined ? undefined : String(revision)],
      ["Issued By", leaf && oneLine(leaf.issuer)],
      ["Names", leaf?.subjectAltName?.replaceAll("DNS:", "")],
      ["Serial Number", leaf?.serialNumber.toLowerCase()],
      ["Not Before", instant(issued.notBefore)],
      ["Not After", instant(issued.notAfter)],
      ["Renewal Time", renewal === undefined ? "<none>: spec.renewal.policy is Disabled" : instant(renewal)],
      ["Suggested By CA", ari?.window && `${rfc3339(ari.window.start)} to ${rfc3339(ari.window.end)}`],
      ["Explanation", ari?.explanationUrl],
      ["CA Not Heard", ari?.lastError],
      ["Revocation List", crl?.checkedAt === undefined ? undefined : listRead(crl.checkedAt, crl.lastError)],
      ["SHA-256", issued.fingerprint],
      ["Stored In", `${issued.store}, ${issued.secretArn}`],
      ["Version", issued.versionId],
    ],
    "  ",
  );
}

function listRead(at: number, error: string | undefined): string {
  return error === undefined ? `does not list it, read at ${rfc3339(at)}` : `could not be read: ${error}`;
}

function failuresPart(certificate: CertificateRow | undefined): string {
  if (!certificate?.failedIssuanceAttempts) return "";
  return fields([
    ["Failed Attempts", String(certificate.failedIssuanceAttempts)],
    ["Last Failure", certificate.lastFailureTime],
  ]);
}

function revocationsPart(revocations: RevocationRow[], colour: boolean): string {
  if (revocations.length === 0) return "";
  const rows = revocations
    .sort((one, other) => (one.requestedAt < other.requestedAt ? 1 : -1))
    .map(({ ref, reason, requestedAt, revokedAt, refusal, ended, message }) => [
      shortId(ref.attemptId),
      reason,
      requestedAt,
      revokedAt ?? (refusal ? "refused" : "not yet"),
      refusal ?? ended ?? message ?? "under way",
    ]);
  return part("Revocations", rows, ["OF ATTEMPT", "REASON", "ASKED", "REVOKED", "NOW"], colour);
}

/** The attempts as a table, newest first; of a CertificateRequest, too. */
export function attemptsPart(attempts: AttemptRow[], seen: Seen, now: number, colour: boolean): string {
  const rows = attempts.map((attempt) => attemptRow(attempt, seen, now));
  return part("Attempts", rows, attemptHeader, colour);
}

const attemptHeader = ["ATTEMPT", "GENERATION", "WHY", "STARTED", "TOOK", "STEP", "RESULT"];

function attemptRow(attempt: AttemptRow, { certificate }: Seen, now: number): Cell[] {
  const { ref, generation, reason, startedAt, step } = attempt;
  return [
    shortId(ref.attemptId),
    String(generation),
    reason,
    `${span(now - startedAt)} ago`,
    tookOf(attempt, certificate?.attempt?.id === ref.attemptId, now),
    step,
    resultCell(attempt, certificate?.attempt),
  ];
}

/** An attempt without an outcome that nobody holds has no end to count to. */
function tookOf({ startedAt, outcome }: AttemptRow, isInHand: boolean, now: number): string {
  if (outcome) return took(outcome.at - startedAt);
  return isInHand ? `${took(now - startedAt)} so far` : "-";
}

function resultCell({ outcome, ref, revision }: AttemptRow, inHand: CertificateRow["attempt"]): Cell {
  if (!outcome && inHand?.id === ref.attemptId) return inHand.leaseId === undefined ? "waiting" : "running";
  if (!outcome) return "given up";
  if (outcome.result === "issued") {
    return { text: revision === undefined ? "issued" : `issued: revision ${revision}`, style: "green" };
  }
  const text = `${outcome.result}: ${outcome.reason}`;
  return outcome.result === "failed" ? { text, style: "red" } : text;
}

/** The working certificate's leaf, from its public chain in State; undefined when that is gone. */
async function leafOf({ state }: Installation, { key, certificate }: Seen): Promise<X509Certificate | undefined> {
  const attemptId = certificate?.issued?.attemptId;
  if (attemptId === undefined) return undefined;
  const item = await state.chain({ namespace: key.namespace, name: key.name, attemptId });
  try {
    return item && new X509Certificate(item.chain);
  } catch {
    return undefined;
  }
}

function oneLine(name: string): string {
  return name.trim().replaceAll("\n", ", ");
}

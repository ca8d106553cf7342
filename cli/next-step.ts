import type { CertificateRow } from "../core/rows.ts";
import { rfc3339, stepIn } from "../core/status.ts";
import { at, textAt } from "./as-written.ts";
import { fromNow } from "./durations.ts";
import { isDecided, rowOf, type Seen } from "./objects.ts";
import { isUpToDate, renewalOf } from "./summary.ts";

/** What certwright does next with an object, when, and why: one sentence or two. */
export function nextStep(seen: Seen, now: number): string {
  if (!isDecided(seen))
    return "certwright decides on what the object says now: within seconds, at the latest with the resync every 6 hours.";
  const { certificate } = seen;
  if (!certificate) return checkStep(rowOf(seen)?.dueAt, rowOf(seen)?.ready.status === "True", now);
  if (certificate.own?.signed)
    return "Nothing: it has its certificate (`certwright get -o yaml` prints it), and is not renewed.";
  if (certificate.own?.failureTime !== undefined)
    return `Nothing: it has failed (see the reason above). ${certificate.own.made ? "Make" : "Correct it, or make"} another one.`;
  if (isUpToDate(seen))
    return certificate.issued?.renewalTime === undefined ? unrenewed(seen, now) : renewal(seen, now);
  if (certificate.dueAt === undefined)
    return "Nothing, until the object changes: it cannot be served as it is (see the reason above).";
  return attemptStep(seen, certificate, instant(certificate.dueAt, now));
}

/** What goes on, or what it waits for. */
function attemptStep({ key, attempt }: Seen, certificate: CertificateRow, when: string): string {
  if (certificate.attempt?.leaseId !== undefined) {
    const { id, executionArn } = certificate.attempt;
    const step = attempt ? `, in step ${stepIn(attempt)}` : "";
    const execution = executionArn === undefined ? "" : ` of ${executionArn}`;
    return `Attempt ${id} is running${step}${execution}. Should its execution die, it resumes at ${when}.`;
  }
  if (certificate.waitsForIssuer)
    return `It waits for ${certificate.issuer ?? "its issuer"} and goes on within seconds of that being Ready; it looks again at ${when}.`;
  const reason = certificate.issuing?.reason ?? certificate.ready.reason;
  const isRenewed = key.kind === "Certificate";
  const atOnce = isRenewed ? ` To try at once: certwright renew ${key.name} -n ${key.namespace}` : "";
  if (certificate.attempt)
    return `Attempt ${certificate.attempt.id} goes on at ${when}, with the same order and key (${reason}).${atOnce}`;
  return `Next try at ${when}, because of ${reason}.${atOnce}`;
}

function renewal(seen: Seen, now: number): string {
  const at = renewalOf(seen) ?? seen.certificate?.dueAt ?? now;
  return `It renews at ${instant(at, now)}, because ${renewalReason(seen, at)}.${lookBefore(seen, at, now)}`;
}

/** What it looks at before that instant. */
function lookBefore({ certificate }: Seen, before: number, now: number): string {
  const { dueAt, ari, crl } = certificate ?? {};
  if (dueAt === undefined || dueAt >= before) return "";
  if (dueAt === ari?.nextCheckAt) return ` It asks its CA again at ${instant(dueAt, now)}.`;
  return dueAt === crl?.nextCheckAt ? ` It reads its CA's revocation list at ${instant(dueAt, now)}.` : "";
}

/** It is not renewed by itself. */
function unrenewed(seen: Seen, now: number): string {
  const { key, certificate } = seen;
  const notAfter = certificate?.issued?.notAfter ?? 0;
  const end = `${certificate?.dueAt === undefined ? "It has ended" : "It ends"} at ${instant(notAfter, now)}`;
  const look = lookBefore(seen, notAfter, now);
  return `Nothing: spec.renewal.policy is Disabled. ${end}.${look} To renew it: certwright renew ${key.name} -n ${key.namespace}`;
}

/** Why it renews at that time and not at another, in the words of the spec. */
function renewalReason({ written, certificate }: Seen, instant: number): string {
  const { ari } = certificate ?? {};
  if (instant === ari?.window?.chosenAt) return "its CA suggested that (renewal information, RFC 9773)";
  if (ari?.window && instant === ari.latest)
    return "its CA suggested a later time, and no renewal is later than this one";
  const before = textAt(written.spec, "renewBefore");
  const share = at(written.spec, "renewBeforePercentage");
  const issued = certificate?.issued;
  const windows = at(written.spec, "renewal", "windows");
  const moved = "moved a little earlier so that certificates issued together do not renew together";
  const spread = Array.isArray(windows) && windows.length > 0 ? `${moved}, then into a window of spec.renewal` : moved;
  if (before !== undefined) return `spec.renewBefore is ${before} (${spread})`;
  if (share !== undefined) return `spec.renewBeforePercentage is ${String(share)} (${spread})`;
  const days = issued ? ` of ${Math.round((issued.notAfter - issued.notBefore) / 86_400_000)} days` : "";
  return `two thirds of its lifetime${days} are over then (${spread})`;
}

function checkStep(dueAt: number | undefined, isReady: boolean, now: number): string {
  if (dueAt !== undefined) return `It is checked again at ${instant(dueAt, now)}.`;
  return isReady
    ? "Nothing: it is ready, and is checked again when it changes."
    : "Nothing, until the object or what it refers to changes (see the reason above).";
}

function instant(at: number, now: number): string {
  return `${rfc3339(at)} (${fromNow(at, now)})`;
}

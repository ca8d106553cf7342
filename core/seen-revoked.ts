import type { X509Certificate } from "node:crypto";
import type { Crl } from "./crl.ts";
import { wasNotRead, wasRead } from "./crl-look.ts";
import type { Deps } from "./deps.ts";
import { isNamed, RefusedError } from "./errors.ts";
import type { Look, Working } from "./look.ts";
import { idOf } from "./resource.ts";
import { rfc3339 } from "./status.ts";

/** What a list says of a certificate; `reason` as RFC 5280 5.3.1 names it. */
export type Finding = { revoked: { at: Date; reason: string }; url: string } | { good: true } | { error: unknown };

/** Looks a certificate up. What a list takes back was never meant to stay revoked; what it holds is useless meanwhile. */
export function findingIn(crl: Crl, url: string, leaf: X509Certificate | undefined): Finding {
  try {
    const entry = leaf && crl.revocationOf(leaf.serialNumber);
    if (!entry || entry.reason === "removeFromCRL") return { good: true };
    return { revoked: { at: entry.at, reason: entry.reason ?? "unspecified" }, url };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { error: new RefusedError({ reason: "ListNotUsable", message: `${url} has an entry that cannot be read` }) };
  }
}

/** Whether it says that the certificate's key is in wrong hands. */
export function meansCompromise(finding: Finding | undefined): finding is Extract<Finding, { revoked: object }> {
  return finding !== undefined && "revoked" in finding && finding.revoked.reason === "keyCompromise";
}

/** A look with what a list says; without a finding there was none to read. */
export function withFinding(deps: Deps, row: Working, look: Look, finding: Finding | undefined): Look {
  if (!finding) return { ...look, change: (before) => withoutCrl(look.change(before)) };
  if ("error" in finding) return withError(deps, row, look, finding.error);
  const now = deps.clock.now();
  const crl = wasRead(now, deps.chance.fraction());
  // Who is asked about otherwise is not looked up every day, too.
  const changed = (before: Working) => (row.crl ? { ...look.change(before), crl } : look.change(before));
  if ("good" in finding) return { ...look, change: changed };
  const { at, reason } = finding.revoked;
  const revoked = { fingerprint: row.issued.fingerprint, at: at.getTime(), reason, seenBy: "crl" } as const;
  const message = `the CA revoked the certificate at ${rfc3339(at)} (${reason}): ${finding.url} lists it`;
  const events: Look["events"] = [...look.events, { type: "Warning", reason: "Revoked", message }];
  return { change: (before) => ({ ...changed(before), revoked }), events };
}

/** Told once: while the same stays wrong it is in the status. */
function withError({ clock, chance, log }: Deps, row: Working, look: Look, error: unknown): Look {
  const named = isNamed(error) ? error : undefined;
  if (!named) log({ event: "bug", errorClass: "Bug", certificate: idOf(row.key), error: String(error) });
  const text = named ? `${named.reason}: ${named.message}` : "InternalError: certwright failed unexpectedly";
  const crl = wasNotRead(row.crl ?? { nextCheckAt: 0 }, error, text, clock.now(), chance.fraction());
  const message = `the CA's revocation list could not be used: ${crl.lastError}`;
  const isNews = crl.lastError !== row.crl?.lastError;
  return {
    change: (before) => (row.crl ? { ...look.change(before), crl } : look.change(before)),
    events: isNews ? [...look.events, { type: "Warning", reason: "CRLError", message }] : look.events,
  };
}

function withoutCrl({ crl: _, ...row }: Working): Working {
  return row;
}

import {
  acmeCannot,
  alreadyGone,
  attemptLapsed,
  attemptReleased,
  backingOff,
  caRotated,
  contentChanged,
  fenced,
  inProgress,
  issuerChanged,
  issuerNotReady,
  issuerUnknown,
  keyChanged,
  keyCompromised,
  malformed,
  manuallyTriggered,
  notAllowed,
  notIssuedYet,
  renewalDue,
  requestChanged,
  requestGone,
  revocationAsked,
  revoked,
  secretDrifted,
  secretGone,
  secretRenamed,
  upToDate,
} from "./checks.ts";
import type { Facts } from "./facts.ts";
import { requestDone } from "./own-csr/request-done.ts";
import type { RevocationWish } from "./revocation/wish.ts";
import type { Lane } from "./rows.ts";

/** What happens next with one Certificate, and why. Reasons are cert-manager's where it has one (docs/errors.md). */
export type Decision =
  /** Start an attempt, or go on with the one in hand. */
  | { action: "issue"; reason: string; message: string; lane: Lane; resume: boolean; alone: boolean }
  /** Not yet: `until` is when to look again; a missing issuer makes itself heard earlier. */
  | { action: "wait"; reason: string; message: string; until: Date | "backoff"; waitsForIssuer?: boolean }
  /** The certificate stays; its stored secret is to be looked at and, if need be, written anew. */
  | { action: "rewrite"; reason: string; message: string }
  /** The object cannot be served as it is; nothing is tried until it changes. */
  | { action: "refuse"; reason: string; message: string; denied?: true }
  /** The user wants what is in use revoked; afterwards it is decided anew. */
  | { action: "revoke"; reason: string; wish: RevocationWish }
  /** All is well, or somebody else is at work. `look`: only the stored secret could still say otherwise. */
  | { action: "nothing"; reason: string; look?: boolean }
  /** The request is gone. */
  | { action: "forget" };

/** `need`: what the gates are to let through. */
export type Check = (facts: Facts, need?: Decision) => Decision | undefined;

/** Can this object be served at all? The first check that fires decides. */
export const border: Check[] = [
  alreadyGone, // no request and nothing to forget
  revocationAsked, // `certwright revoke`
  inProgress, // an execution holds the lease: it sees edits and deletions itself
  requestGone, // the user deleted the object
  malformed, // the object alone decides: schema
  requestDone, // a CertificateRequest that has ended, or was changed since
  notAllowed, // the operator's namespaces and names
];

/**
 * Does it need a certificate? Every reason to issue; the first that fires is the reason. First what is under way, then cert-manager's
 * checks in its order (numbers: its chain, policies.go), then ours. Those that read the stored secret answer only once it was looked at.
 */
export const needs: Check[] = [
  attemptLapsed, // its execution died: resume, alone
  attemptReleased, // it waited for its instant: resume
  notIssuedYet, // 1 there is no certificate
  secretRenamed, // 1 the secret is to be elsewhere
  secretGone, // 1 somebody deleted the stored secret
  issuerChanged, // 4 the certificate is another issuer's
  keyChanged, // 6 the key does not fit the spec
  secretDrifted, // 2, 3, 5, 7 somebody wrote over the stored secret
  requestChanged, // 8 names, usages or duration differ
  caRotated, // its CA has another certificate
  revoked, // the certificate is revoked
  keyCompromised, // its key is in wrong hands
  manuallyTriggered, // `certwright renew`
  renewalDue, // 9 the time has come
  contentChanged, // only how it is written differs
  upToDate,
];

/** May an issuance start now? The first that fires holds it back. */
export const gates: Check[] = [
  issuerUnknown, // it comes before its issuer: wait
  issuerNotReady, // the issuer says why
  acmeCannot, // the issuer is an ACME CA, and the spec asks for what none certifies
  backingOff, // a failure or a rate limit named an instant that has not come, and nothing changed
  fenced, // never more than three automatic issuances within a third of the lifetime
];

/** The chain, list by list. */
export const lists = { border, needs, gates };
export type ListName = keyof typeof lists;

/** One check that was asked, and its answer. */
export interface Look {
  check: Check;
  answer: Decision | undefined;
}

/** Decides. Pure: the same facts give the same answer. */
export function decide(facts: Facts): Decision {
  return walk(facts).decision;
}

/** The same, with every check that was asked on the way. */
export function walk(facts: Facts): { looks: Look[]; decision: Decision } {
  const looks: Look[] = [];
  const refusal = first(border, facts, looks);
  if (refusal) return { looks, decision: refusal };
  const need = first(needs, facts, looks);
  if (!need) throw new Error("the last of the needs always answers");
  const gate = need.action === "issue" ? first(gates, facts, looks, need) : undefined;
  return { looks, decision: gate ?? need };
}

function first(checks: Check[], facts: Facts, looks: Look[], need?: Decision): Decision | undefined {
  for (const check of checks) {
    const answer = check(facts, need);
    looks.push({ check, answer });
    if (answer) return answer;
  }
  return undefined;
}

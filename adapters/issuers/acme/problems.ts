import { isNamed, isRefusalOf, RateLimitedError, RefusedError, UnavailableError } from "../../../core/errors.ts";
import type { Problem } from "./replies.ts";
import { problemOf } from "./replies.ts";
import { parseRetryAfter } from "./retry-after.ts";
import type { Reply } from "./transport.ts";

/** What was asked of the CA: the same problem means different things at different steps. */
export type Asked =
  | "directory"
  | "nonce"
  | "newAccount"
  | "account"
  | "keyChange"
  | "newOrder"
  | "order"
  | "authorization"
  | "challenge"
  | "finalize"
  | "certificate"
  | "revocation"
  | "renewalInfo";

/** The named error for a reply that is no success (RFC 8555 6.7, RFC 9110), or undefined for one that is. */
export function failureOf(reply: Reply, asked: Asked, now: Date): Error | undefined {
  if (reply.status >= 200 && reply.status < 300) return undefined;
  const problem = problemOf(reply.data);
  const type = shortType(problem.type);
  const retryAt = parseRetryAfter(reply.headers["retry-after"], now);
  const message = `${what[asked]}: ${describe(problem) || `HTTP ${reply.status} without a reason`}`;
  if (type === "rateLimited" || reply.status === 429) return rateLimited(message, retryAt, now);
  if (reply.status === 503 && retryAt) return rateLimited(message, retryAt, now);
  if (type === "badNonce") return new UnavailableError({ reason: "BadNonce", message });
  if (byAccount.includes(asked) && isSignatureRefused(type, problem)) return signatureRefused(message);
  if (reply.status >= 500 || reply.status === 408 || type === "serverInternal")
    return new UnavailableError({ reason: "CAUnavailable", message });
  return refusal(problem, reply, asked, message);
}

/** Signed by the key that the CA has of the account, not by one that comes with the request. */
const byAccount: Asked[] = ["account", "newOrder", "order", "authorization", "challenge", "finalize", "certificate"];

/** Boulder's and Pebble's words for another key of the same type, and of another type; RFC 8555 has no type for it. */
function isSignatureRefused(type: string, { detail = "" }: Problem): boolean {
  const known = ["malformed", "unauthorized", "badSignatureAlgorithm"].includes(type);
  return known && /JWS verification error|signature type \S+ in JWS header/i.test(detail);
}

/** Mostly the account's key was changed a moment ago: the step is repeated with the one that State knows then. */
function signatureRefused(message: string): UnavailableError {
  const fix = "certwright checks the issuer again by itself; its status says what to do.";
  return new UnavailableError({ reason: "SignatureRefused", message, fix });
}

/** The CA's words for a person: its detail, the problem type, and each subproblem with its name. */
export function describe(problem: Problem): string {
  const type = shortType(problem.type);
  const subproblems = problem.subproblems ?? [];
  const lines = subproblems.slice(0, 10).map((sub) => {
    const name = sub.identifier?.value;
    return `${name === undefined ? "" : `${clean(name, 253)}: `}${describe({ ...sub, subproblems: [] })}`;
  });
  if (subproblems.length > 10) lines.push(`and ${subproblems.length - 10} more`);
  const words = [clean(problem.detail ?? "", 500), type && `(${type})`].filter(Boolean).join(" ");
  return [words, ...lines].filter(Boolean).join("; ");
}

const what: Record<Asked, string> = {
  directory: "The CA did not give its directory",
  nonce: "The CA did not give a nonce",
  newAccount: "The CA refused to register the account",
  account: "The CA refused to change the account",
  keyChange: "The CA refused to change the account's key",
  newOrder: "The CA refused the order",
  order: "The CA did not give the order",
  authorization: "The CA did not give the authorization",
  challenge: "The CA refused the challenge",
  finalize: "The CA refused to issue",
  certificate: "The CA did not give the certificate",
  revocation: "The CA refused to revoke",
  renewalInfo: "The CA did not say when to renew",
};

/** Seconds until the next try when the CA names no instant, and when it names one that is past by our clock. */
const unnamedSeconds = 3_600;
const pastSeconds = 60;

function rateLimited(message: string, retryAt: Date | undefined, now: Date): RateLimitedError {
  const after = (seconds: number) => new Date(now.getTime() + seconds * 1_000);
  const isPast = retryAt !== undefined && retryAt <= now;
  const at = isPast ? after(pastSeconds) : (retryAt ?? after(unnamedSeconds));
  return new RateLimitedError({
    reason: "RateLimited",
    message,
    retryAt: at,
    fix: `It is tried again at ${at.toISOString().slice(0, 19)}Z. If this happens often, ask the CA for a higher limit.`,
  });
}

/**
 * What an order with a notAfter was refused with: for that wish, in Boulder's words "NotBefore and NotAfter are not supported",
 * or for another reason, which stays.
 */
export function durationRefused(error: unknown): unknown {
  if (!(isNamed(error) && error.name === "RefusedError" && /not_?(after|before)/i.test(error.message))) return error;
  return new RefusedError({
    reason: "DurationRefused",
    message: error.message,
    fix: "Set spec.acme.enableDurationFeature of the issuer to false: this CA decides by itself how long a certificate is valid.",
    cause: error,
  });
}

interface Cure {
  reason: string;
  fix: string;
}

/** RFC 8555 6.7, RFC 9773 7.4, draft-ietf-acme-profiles 6.3; reasons are listed in docs/errors.md. */
const cures: Record<string, Cure> = {
  accountDoesNotExist: {
    reason: "AccountUnknown",
    fix: "certwright checks the issuer again by itself; its status says what to do.",
  },
  alreadyRevoked: { reason: "AlreadyRevoked", fix: "Nothing to do." },
  alreadyReplaced: { reason: "AlreadyReplaced", fix: "Nothing to do: the next order does not name a predecessor." },
  badCSR: { reason: "BadCSR", fix: "Change spec.privateKey, spec.usages or the names to what this CA signs." },
  badPublicKey: { reason: "BadPublicKey", fix: "Change spec.privateKey to a key that this CA accepts." },
  badRevocationReason: {
    reason: "BadRevocationReason",
    fix: "Choose another --reason: the CA does not take this one.",
  },
  badSignatureAlgorithm: {
    reason: "BadSignatureAlgorithm",
    fix: "Use an account key that this CA accepts (RSA 2048).",
  },
  caa: { reason: "CAA", fix: "Allow this CA in the CAA records of the name, or choose the CA they allow." },
  dns: { reason: "DNS", fix: "See to it that the name's DNS servers answer correctly to the whole Internet." },
  externalAccountRequired: {
    reason: "ExternalAccountRequired",
    fix: "Set spec.acme.externalAccountBinding of the issuer to what the CA gave you.",
  },
  incorrectResponse: { reason: "IncorrectResponse", fix: "See whether somebody else writes the challenge record." },
  invalidContact: { reason: "InvalidContact", fix: "Correct spec.acme.email of the issuer." },
  invalidProfile: {
    reason: "InvalidProfile",
    fix: "Choose one of the CA's profiles in spec.acme.profile of the issuer.",
  },
  malformed: {
    reason: "Malformed",
    fix: "Compare the request with what the CA says; if it looks right, report a bug.",
  },
  orderNotReady: { reason: "OrderNotReady", fix: "Nothing to do: the order is read again." },
  rejectedIdentifier: { reason: "RejectedIdentifier", fix: "Remove the name the CA will not issue for." },
  unauthorized: { reason: "Unauthorized", fix: "Do what the CA's message asks for." },
  unsupportedContact: { reason: "InvalidContact", fix: "Correct spec.acme.email of the issuer." },
  unsupportedIdentifier: { reason: "UnsupportedIdentifier", fix: "Remove the name or use another issuer." },
  userActionRequired: { reason: "UserActionRequired", fix: "Open the page the CA names and do what it asks." },
};

const ofOrder: Asked[] = ["order", "authorization", "challenge", "finalize", "certificate"];

/** These end an attempt at no step: they concern the account, and the order outlives the cure. */
const ofAccount = [
  "AccountUnknown",
  "UserActionRequired",
  "ExternalAccountRequired",
  "OrderNotReady",
  "InvalidContact",
];

/** What no resuming can mend ends the attempt: an order with a URL that is never called. */
export function endingOrder(error: unknown, asked: Asked): unknown {
  if (!isRefusalOf(error, "ForbiddenUrl") || !ofOrder.includes(asked)) return error;
  const { reason, message, fix = "" } = error;
  return new RefusedError({ reason, message, fix, cause: error, endsAttempt: true });
}

function refusal(problem: Problem, reply: Reply, asked: Asked, message: string): RefusedError {
  const cure = cureOf(problem, reply, asked);
  const page = problem.instance === undefined ? "" : ` See ${clean(problem.instance, 300)}`;
  return new RefusedError({
    reason: cure.reason,
    message,
    fix: `${cure.fix}${page}`,
    endsAttempt: ofOrder.includes(asked) && !ofAccount.includes(cure.reason),
  });
}

function cureOf(problem: Problem, reply: Reply, asked: Asked): Cure {
  if (reply.status >= 300 && reply.status < 400)
    return {
      reason: "Redirected",
      fix: "Redirects are not followed: set spec.acme.server to the directory's own URL.",
    };
  if (asked === "directory" || asked === "nonce")
    return { reason: "NoDirectory", fix: "Check spec.acme.server: it must be the URL of an ACME directory." };
  if (asked === "keyChange")
    return { reason: "KeyChangeRefused", fix: "The old key stays. See what the CA says of the new one." };
  const type = shortType(problem.type);
  if (type === "unauthorized" && asked === "newAccount")
    return { reason: "AccountRefused", fix: "Check spec.acme.externalAccountBinding: key id and key." };
  if (type === "unauthorized" && ["account", "newOrder"].includes(asked))
    return { reason: "AccountUnknown", fix: "The CA no longer serves this account: use another account key." };
  if (reply.status === 404 && ofOrder.includes(asked) && type !== "accountDoesNotExist")
    return { reason: "OrderGone", fix: "Nothing to do: a new order is made." };
  return cures[type] ?? { reason: "RefusedByCA", fix: "Do what the CA's message asks for." };
}

/** The last word of an ACME error URN; anything else is no type that we know. */
function shortType(type: string | undefined): string {
  return /^urn:ietf:params:acme:error:([A-Za-z]{1,40})$/.exec(type ?? "")?.[1] ?? "";
}

/** The CA chooses these words and people read them in terminals: no control characters, no novels. */
function clean(text: string, length: number): string {
  return text
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim()
    .slice(0, length);
}

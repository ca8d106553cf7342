import { refusedByAcme } from "./acme-limits.ts";
import { askedFor, changedFields, issuerKeyOf } from "./asked-for.ts";
import type { CertificateSpec } from "./certificate.ts";
import { orderNames, otherIdentities } from "./certificate-names.ts";
import { changedPart, contentHash } from "./content-hash.ts";
import type { Decision } from "./decide.ts";
import type { Facts } from "./facts.ts";
import type { IssuerSpec } from "./issuer.ts";
import { refusedByPolicy } from "./policy.ts";
import { fencedUntil, renewsAt } from "./renewal.ts";
import { idOf, type Resource, resourceOf } from "./resource.ts";
import { rfc3339 } from "./status.ts";

type Answer = Decision | undefined;

export function alreadyGone({ request, row }: Facts): Answer {
  return !request && (!row || row.deletedAt !== undefined) ? { action: "nothing", reason: "Gone" } : undefined;
}

/** `certwright revoke` since the last time it was acted on: nothing waits for an attempt that is under way. */
export function revocationAsked({ request, row }: Facts): Answer {
  const wish = request?.ok ? request.resource.spec.options.revoke : undefined;
  if (!wish || !row || row.deletedAt !== undefined || row.revokeRequestedAt === wish.at) return undefined;
  return { action: "revoke", reason: "RevocationRequested", wish };
}

/** A lease that has not ended: the execution looks at the request before every step that costs something. */
export function inProgress({ row, now }: Facts): Answer {
  const leased = row?.attempt?.leaseId !== undefined && (row.dueAt ?? 0) > now.getTime();
  return leased ? { action: "nothing", reason: "InProgress" } : undefined;
}

export function requestGone({ request }: Facts): Answer {
  return request ? undefined : { action: "forget" };
}

export function malformed({ request }: Facts): Answer {
  if (!request || request.ok) return undefined;
  const faults = request.faults.map(({ path, message, fix }) => `${path}: ${message}; ${fix}`);
  return { action: "refuse", reason: "InvalidSpec", message: faults.join(". ") };
}

export function notAllowed(facts: Facts): Answer {
  const { spec, key } = resource(facts);
  const fault = refusedByPolicy(facts.policy, key.namespace, orderNames(spec), otherIdentities(spec));
  return fault && { action: "refuse", reason: fault.reason, message: `${fault.message}; ${fault.fix}`, denied: true };
}

export function issuerUnknown(facts: Facts): Answer {
  if (facts.issuer && facts.issuer.deletedAt === undefined) return undefined;
  const { kind, name } = resource(facts).spec.issuerRef;
  const where = kind === "ClusterIssuer" ? "" : ` in namespace "${facts.key.namespace}"`;
  const message = `${kind} "${name}" not found${where}; create it, or correct spec.issuerRef`;
  return { action: "wait", reason: "IssuerNotFound", message, until: "backoff", waitsForIssuer: true };
}

export function issuerNotReady({ issuer }: Facts): Answer {
  if (!issuer || issuer.ready.status === "True") return undefined;
  const message = `${resourceOf(issuer.key)} is not ready: ${issuer.ready.reason}: ${issuer.ready.message}`;
  return { action: "wait", reason: "IssuerNotReady", message, until: "backoff", waitsForIssuer: true };
}

/** As cert-manager's ACME controller fails such a request before it orders. A changed issuer may serve it: it is looked at again then. */
export function acmeCannot(facts: Facts): Answer {
  const acme = (facts.issuer?.spec as Partial<IssuerSpec> | undefined)?.acme;
  const { spec } = resource(facts);
  const refusal = acme && refusedByAcme(spec, acme);
  if (!refusal) return undefined;
  const message = `${refusal.message}; ${refusal.fix}`;
  if (spec.request) return { action: "refuse", reason: "InvalidOrder", message };
  return { action: "wait", reason: "InvalidOrder", message, until: "backoff", waitsForIssuer: true };
}

/** Holds while the spec is the one that failed and nobody asked again. */
export function backingOff(facts: Facts): Answer {
  const { row, now } = facts;
  const waits =
    (row?.failedIssuanceAttempts ?? 0) > 0 || row?.attempt !== undefined || row?.issuing?.reason === "RateLimited";
  if (!row || !waits || row.waitsForIssuer || (row.dueAt ?? 0) <= now.getTime()) return undefined;
  if (row.specHash !== resource(facts).specHash || asksAgain(facts)) return undefined;
  return { action: "nothing", reason: "BackingOff" };
}

const automatic = ["Renewing", "CARotated"];

/** Holds back what nobody asked for: renewals, changes of the CA, lists that revoke all it issues, and secrets that somebody deletes or writes over again and again. */
export function fenced(facts: Facts, need?: Decision): Answer {
  const { row, now, secret } = facts;
  const unasked = row?.revoked?.seenBy === "crl" ? [...automatic, "Revoked", "KeyCompromised"] : automatic;
  const mayRepeat = need?.action === "issue" && (unasked.includes(need.reason) || secret !== undefined);
  if (!mayRepeat || asksAgain(facts) || !row?.issued || row.specHash !== resource(facts).specHash) return undefined;
  const until = fencedUntil(row.recentIssuances ?? [], row.issued.notBefore, row.issued.notAfter, now);
  if (until === undefined) return undefined;
  const message = "three automatic issuances within a third of the lifetime: held back";
  return { action: "wait", reason: "RunawayFence", message, until: new Date(until) };
}

/** The lease ended without an outcome, so its execution died. */
export function attemptLapsed(facts: Facts): Answer {
  return facts.row?.attempt?.leaseId === undefined ? undefined : resumed(facts, "LeaseLapsed", true);
}

export function attemptReleased(facts: Facts): Answer {
  return facts.row?.attempt === undefined ? undefined : resumed(facts, "Resuming", facts.row.attempt.alone === true);
}

function resumed(facts: Facts, reason: string, alone: boolean): Answer {
  const { row } = facts;
  if (!row || row.specHash !== resource(facts).specHash) return undefined;
  const message = `going on with attempt ${row.attempt?.id}`;
  return { action: "issue", reason, message, lane: laneOf(facts), resume: true, alone };
}

export function notIssuedYet(facts: Facts): Answer {
  if (facts.row?.issued) return undefined;
  const { spec } = resource(facts);
  if (spec.request) return issue(facts, "DoesNotExist", "Certificate issuance pending");
  return issue(facts, "DoesNotExist", `Issuing certificate as Secret "${spec.secretName}" does not exist`);
}

export function secretRenamed(facts: Facts): Answer {
  const { spec } = resource(facts);
  const { issued } = facts.row ?? {};
  const moved = spec.options.store !== undefined && spec.options.store !== issued?.store;
  if (issued?.secretName === spec.secretName && !moved) return undefined;
  return issue(facts, "DoesNotExist", `Issuing certificate as Secret "${spec.secretName}" does not exist`);
}

export function issuerChanged(facts: Facts): Answer {
  const wanted = idOf(issuerKeyOf(resource(facts)));
  if (!facts.asked || facts.asked.issuer === wanted) return undefined;
  return issue(
    facts,
    "IncorrectIssuer",
    `the certificate was issued by ${facts.asked.issuer}, the spec names ${wanted}`,
  );
}

export function keyChanged(facts: Facts): Answer {
  const { asked } = facts;
  const { privateKey } = resource(facts).spec;
  if (!asked || (asked.keyAlgorithm === privateKey.algorithm && asked.keySize === privateKey.size)) return undefined;
  return issue(facts, "SecretMismatch", "the existing private key is not up to date for spec: [spec.privateKey]");
}

export function requestChanged(facts: Facts): Answer {
  if (!facts.asked) return undefined;
  const fields = changedFields(facts.asked, askedFor(resource(facts), facts.issuer));
  if (fields.length === 0) return undefined;
  return issue(facts, "RequestChanged", `fields on the existing certificate are not up to date: [${fields.join(" ")}]`);
}

/** Renewed with the same key or not: who trusts the new CA certificate shall find it above the leaf. */
export function caRotated(facts: Facts): Answer {
  const { issued } = facts.row ?? {};
  const { ca, deletedAt } = facts.issuer ?? {};
  if (!issued || !ca || deletedAt !== undefined || issued.caFingerprint === ca.fingerprint) return undefined;
  return issue(facts, "CARotated", "Issuing certificate as the certificate of its CA changed");
}

/** The certificate that is in use was revoked: by its owner, or as the CA says. */
export function revoked(facts: Facts): Answer {
  const { issued, revoked: seen } = facts.row ?? {};
  if (!issued || seen?.fingerprint !== issued.fingerprint || seen.reason === "keyCompromise") return undefined;
  return issue(facts, "Revoked", `the certificate was revoked at ${rfc3339(seen.at)} (${seen.reason})`);
}

/** Its key is in wrong hands: the next certificate has another one. */
export function keyCompromised(facts: Facts): Answer {
  const { issued, revoked: seen } = facts.row ?? {};
  if (!issued || seen?.fingerprint !== issued.fingerprint || seen.reason !== "keyCompromise") return undefined;
  return issue(facts, "KeyCompromised", `the private key was compromised, as was said at ${rfc3339(seen.at)}`);
}

export function manuallyTriggered(facts: Facts): Answer {
  const message = "certificate issuance was manually triggered";
  return asksAgain(facts) ? issue(facts, "ManuallyTriggered", message) : undefined;
}

export function renewalDue(facts: Facts): Answer {
  const { issued, ari } = facts.row ?? {};
  const at = issued && renewsAt(issued, ari);
  if (at === undefined || at > facts.now.getTime()) return undefined;
  const suggested = at === ari?.window?.chosenAt;
  const why = ari?.explanationUrl === undefined ? "" : `, see ${ari.explanationUrl}`;
  const by = suggested ? `was suggested by the CA (ARI) for ${rfc3339(at)}${why}` : `was scheduled at ${rfc3339(at)}`;
  return issue(facts, "Renewing", `renewing certificate as renewal ${by}`);
}

export function secretGone(facts: Facts): Answer {
  const gone = facts.secret === "absent" || (typeof facts.secret === "object" && facts.secret.deletedAt !== undefined);
  const { secretName } = resource(facts).spec;
  return gone
    ? issue(facts, "DoesNotExist", `Issuing certificate as Secret "${secretName}" does not exist`)
    : undefined;
}

/** Dispatch cannot read it: rewrite-secret looks, repairs what may be repaired, and notes what needs a new certificate. */
export function secretDrifted(facts: Facts): Answer {
  const { secret, row } = facts;
  if (typeof secret !== "object") return undefined;
  if (row?.drift && row.drift.versionId === secret.versionId) return issue(facts, row.drift.reason, row.drift.message);
  if (secret.versionId === row?.issued?.versionId) return undefined;
  if (secret.versionId === undefined) return issue(facts, "SecretMismatch", "the stored secret has no current version");
  const message = `the stored secret holds version ${secret.versionId}, which certwright did not write: it is looked at`;
  return rewrite(facts, { reason: "SecretMismatch", message });
}

/** After the look: where the secret is gone, or another's, it is not only to be written anew. */
export function contentChanged(facts: Facts): Answer {
  if (facts.secret === undefined || !facts.row?.issued) return undefined;
  const part = changedPart(facts.row.issued.contentHash, contentHash(resource(facts).spec));
  return part && rewrite(facts, mismatches[part]);
}

const mismatches = {
  metadata: {
    reason: "SecretManagedMetadataMismatch",
    message: "the annotations of the stored secret do not match spec.issuerRef",
  },
  template: {
    reason: "SecretTemplateMismatch",
    message: "annotations and labels of the stored secret do not match spec.secretTemplate",
  },
  formats: {
    reason: "AdditionalOutputFormatsMismatch",
    message: "the stored secret does not match spec.additionalOutputFormats",
  },
  keystores: { reason: "SecretMismatch", message: "the stored secret does not match spec.keystores" },
  encoding: { reason: "SecretMismatch", message: "tls.key does not match spec.privateKey.encoding" },
};

function rewrite(facts: Facts, why: { reason: string; message: string }): Decision {
  const { row, now } = facts;
  const { specHash } = resource(facts);
  const isUnderWay = row?.specHash === specHash && (row.rewrite?.until ?? 0) > now.getTime();
  return isUnderWay ? { action: "nothing", reason: "Rewriting" } : { action: "rewrite", ...why };
}

export function upToDate({ secret }: Facts): Answer {
  return { action: "nothing", reason: "UpToDate", look: secret === undefined };
}

function issue(facts: Facts, reason: string, message: string): Decision {
  return { action: "issue", reason, message, lane: laneOf(facts), resume: false, alone: false };
}

/** Who has a certificate goes before who waits for the first one. */
function laneOf({ row }: Facts): "renew" | "new" {
  return row?.issued ? "renew" : "new";
}

/** `certwright renew` since the last time it was acted on. */
function asksAgain(facts: Facts): boolean {
  const { renewRequestedAt } = resource(facts).spec.options;
  return renewRequestedAt !== undefined && renewRequestedAt !== facts.row?.renewRequestedAt;
}

/** Only checks after malformed call this. */
function resource({ request, key }: Facts): Resource<CertificateSpec> {
  if (!request?.ok) throw new Error(`${idOf(key)} was not parsed`);
  return request.resource;
}

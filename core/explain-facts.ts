import { askedFor, changedFields, issuerKeyOf } from "./asked-for.ts";
import { orderNames, otherIdentities } from "./certificate-names.ts";
import { changedPart, contentHash } from "./content-hash.ts";
import type { Instant } from "./explain.ts";
import type { Facts } from "./facts.ts";
import type { IssuerSpec } from "./issuer.ts";
import { fenceIssuances, renewsAt } from "./renewal.ts";
import { idOf } from "./resource.ts";

type Sentence = (facts: Facts, instant: Instant) => string;

/** What each check of core/decide.ts looked at, in a short sentence; by the name of its function. Called only for checks that were asked. */
export const sentences: Record<string, Sentence> = {
  alreadyGone: ({ request, row }, instant) => {
    if (request) return "the object is there";
    if (row?.deletedAt !== undefined) return `no object; it was deleted ${instant(row.deletedAt)}`;
    return row ? "no object; State still knows one" : "no object, and nothing in State";
  },
  revocationAsked: (facts) => {
    const asked = specOf(facts)?.options.revoke;
    if (!asked) return "nobody asked for a revocation";
    return facts.row?.revokeRequestedAt === asked.at ? `asked at ${asked.at}, and done` : `asked at ${asked.at}`;
  },
  inProgress: ({ row }, instant) => {
    if (!row?.attempt) return "no attempt is in hand";
    if (row.attempt.leaseId === undefined)
      return `attempt ${row.attempt.id} is in hand, and no execution has its lease`;
    return `the lease of attempt ${row.attempt.id} ends at ${instant(row.dueAt ?? 0)}`;
  },
  requestGone: ({ request }) => (request ? "the object is there" : "the object is gone, its row is there"),
  malformed: ({ request }) => {
    if (!request || request.ok) return "every field is understood";
    return `${request.faults.length} ${request.faults.length === 1 ? "field breaks a rule" : "fields break a rule"}`;
  },
  requestDone: ({ key, row }) => {
    if (key.kind !== "CertificateRequest") return "only a CertificateRequest is decided once";
    return row?.own?.made ? "it was decided on before" : "it was never valid before";
  },
  notAllowed: (facts) => {
    const { policy, key } = facts;
    if (policy.refused) return "by the namespaces of the installation, as dispatch decided";
    if (!policy.namespaces) return "no rule of the installation is against its names";
    const allowed = policy.namespaces[key.namespace]?.dnsNames?.join(", ") ?? "any name";
    return `namespace "${key.namespace}" may ask for ${allowed}; it asks for ${namesOf(facts)}`;
  },
  attemptLapsed: attemptSentence,
  attemptReleased: attemptSentence,
  notIssuedYet: ({ row }, instant) =>
    row?.issued ? `revision ${row.revision ?? 1}, until ${instant(row.issued.notAfter)}` : "nothing was issued yet",
  secretRenamed: (facts) => {
    const { issued } = facts.row ?? {};
    const { secretName, options } = specOf(facts) ?? {};
    const store = options?.store === undefined ? "" : ` in ${options.store}`;
    return `stored as "${issued?.secretName}" in ${issued?.store}; wanted as "${secretName}"${store}`;
  },
  secretGone: secretSentence,
  issuerChanged: (facts) => {
    if (!facts.asked) return unasked(facts);
    return `issued by ${facts.asked.issuer}; wanted from ${wantedIssuer(facts)}`;
  },
  keyChanged: (facts) => {
    if (!facts.asked) return unasked(facts);
    const { algorithm, size } = specOf(facts)?.privateKey ?? {};
    return `the key is ${kind(facts.asked.keyAlgorithm, facts.asked.keySize)}; wanted is ${kind(algorithm, size)}`;
  },
  requestChanged: (facts) => {
    const { asked, request, issuer } = facts;
    if (!asked || !request?.ok) return unasked(facts);
    const fields = changedFields(asked, askedFor(request.resource, issuer));
    return fields.length === 0 ? "no field of the certificate differs from the spec" : `differ: ${fields.join(", ")}`;
  },
  secretDrifted: (facts, instant) => {
    const { drift } = facts.row ?? {};
    const isOfIt = drift && typeof facts.secret === "object" && facts.secret.versionId === drift.versionId;
    return `${secretSentence(facts, instant)}${isOfIt ? `; ${drift.message}` : ""}`;
  },
  caRotated: ({ row, issuer }) => {
    if (!issuer?.ca) return "the issuer signs with no CA of ours";
    const same = row?.issued?.caFingerprint === issuer.ca.fingerprint;
    return same
      ? "signed by the CA that the issuer has now"
      : "the issuer has another CA certificate than the one that signed it";
  },
  revoked: revokedSentence,
  keyCompromised: revokedSentence,
  manuallyTriggered: (facts) => {
    const asked = specOf(facts)?.options.renewRequestedAt;
    if (asked === undefined) return "nobody asked for a renewal";
    const acted = facts.row?.renewRequestedAt;
    return acted === asked ? `asked at ${asked}, and done` : `asked at ${asked}; done so far: ${acted ?? "none"}`;
  },
  renewalDue: ({ row }, instant) => {
    const { issued, ari } = row ?? {};
    if (!issued) return "there is no certificate to renew";
    const at = renewsAt(issued, ari);
    if (at === undefined) return "it is not renewed by itself: spec.renewal.policy is Disabled";
    return `renewal time ${instant(at)}${at === ari?.window?.chosenAt ? ", suggested by the CA" : ""}`;
  },
  contentChanged: (facts) => {
    const spec = specOf(facts);
    if (facts.secret === undefined || !spec) return notLookedAt;
    const part = changedPart(facts.row?.issued?.contentHash, contentHash(spec));
    return part ? `the secret was written with another ${part}` : "the secret was written as the spec says";
  },
  upToDate: () => "nothing asks for another certificate",
  issuerUnknown: (facts) => {
    const { issuer } = facts;
    if (!issuer) return `${wantedIssuer(facts)} is not there`;
    return issuer.deletedAt === undefined ? `${wantedIssuer(facts)} is there` : `${wantedIssuer(facts)} was deleted`;
  },
  issuerNotReady: ({ issuer }) =>
    `${issuer ? idOf(issuer.key) : "it"} has Ready=${issuer?.ready.status} (${issuer?.ready.reason})`,
  acmeCannot: (facts) => {
    const { acme } = (facts.issuer?.spec ?? {}) as Partial<IssuerSpec>;
    return acme ? `an ACME issuer is asked for ${namesOf(facts)}` : "the issuer is no ACME issuer";
  },
  backingOff: ({ row }, instant) => {
    const failures = row?.failedIssuanceAttempts ?? 0;
    const next = row?.dueAt === undefined ? "" : `; next try ${instant(row.dueAt)}`;
    return failures === 0 && !row?.attempt ? "no failure to wait for" : `${failures} failed in a row${next}`;
  },
  fenced: ({ row }) =>
    `${row?.recentIssuances?.length ?? 0} recent issuances that nobody asked for; the fence holds after ${fenceIssuances} within a third of the lifetime`,
};

/** Of checks that read the description of the stored secret. */
export const notLookedAt = "the stored secret is looked at only when nothing else asks for a certificate";

/** State reads what a certificate was asked with only for a spec that it does not satisfy for sure. */
function unasked({ row, request }: Facts): string {
  const isSame = request?.ok && row?.issued?.specHash === request.resource.specHash;
  return isSame ? "the certificate satisfies this spec" : "what the certificate was asked with is not known";
}

function attemptSentence({ row, request }: Facts): string {
  if (!row?.attempt) return "no attempt is in hand";
  const hash = request?.ok ? request.resource.specHash : request?.specHash;
  const since = row.specHash === hash ? "" : "; the object has changed since";
  const held = row.attempt.leaseId === undefined ? "was released" : "lost its execution";
  return `attempt ${row.attempt.id} ${held}${since}`;
}

function revokedSentence({ row }: Facts, instant: Instant): string {
  const { issued, revoked } = row ?? {};
  if (!issued || revoked?.fingerprint !== issued.fingerprint) return "no revocation of the certificate is known";
  return `revoked ${instant(revoked.at)}, ${revoked.reason}, seen by ${revoked.seenBy}`;
}

function secretSentence({ secret, row }: Facts, instant: Instant): string {
  if (secret === undefined) return notLookedAt;
  if (secret === "absent") return `there is no stored secret "${row?.issued?.secretName}"`;
  if (secret.deletedAt) return `the stored secret was deleted at ${instant(secret.deletedAt.getTime())}`;
  const ours = secret.versionId === row?.issued?.versionId ? "ours" : `not ours, which was ${row?.issued?.versionId}`;
  return `the stored secret holds version ${secret.versionId ?? "<none>"}: ${ours}`;
}

function specOf({ request }: Facts) {
  return request?.ok ? request.resource.spec : undefined;
}

function namesOf(facts: Facts): string {
  const spec = specOf(facts);
  return spec ? [...orderNames(spec), ...otherIdentities(spec)].slice(0, 5).join(", ") : "";
}

function wantedIssuer({ request }: Facts): string {
  return request?.ok ? idOf(issuerKeyOf(request.resource)) : "";
}

function kind(algorithm: string | undefined, size: number | undefined): string {
  return size === undefined ? `${algorithm}` : `${algorithm} ${size}`;
}

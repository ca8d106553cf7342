import { type FieldFault, invalidValue, quote, unsupportedValue } from "./field-fault.ts";
import { isInstant } from "./instant.ts";
import { subdomainProblem } from "./kube-names.ts";
import { nearest } from "./nearest.ts";
import { familyOf, type Kind } from "./resource.ts";
import { type RevocationWish, readRevocationWish } from "./revocation/wish.ts";
import type { StoreName } from "./rows.ts";

/** Our annotations; they are the only fields of ours on an object of cert-manager.io/v1. */
export const annotationNames = {
  /** RFC 3339; a new value asks for one renewal now. */
  renewRequestedAt: "certwright.dev/renew-requested-at",
  /** JSON (core/revocation/wish.ts); a new value asks that the certificate of this moment be revoked. */
  revokeRequested: "certwright.dev/revoke-requested",
  /** secretsManager or s3. */
  store: "certwright.dev/store",
  /** retain or delete: what happens to the secret when the Certificate is deleted. */
  deletionPolicy: "certwright.dev/deletion-policy",
  /** 7 to 30, the days in which a deleted secret can be restored. */
  recoveryWindowDays: "certwright.dev/recovery-window-days",
  /** Names of Clusters with commas between them; "": none. */
  targets: "certwright.dev/targets",
  /** JSON (core/rate-limits-annotation.ts), on issuers. */
  rateLimits: "certwright.dev/rate-limits",
  /** true or false, on issuers: names are proven by TXT records that stay. */
  dnsPersist: "certwright.dev/dns-persist-01",
  /** RSA or ECDSA, on issuers: of account keys that certwright makes. */
  accountKeyAlgorithm: "certwright.dev/account-key-algorithm",
  /** RFC 3339, on issuers; a new value asks for a new account key. */
  rotateAccountKeyRequestedAt: "certwright.dev/rotate-account-key-requested-at",
  /** URL of the account to close, on issuers. */
  deactivateAccount: "certwright.dev/deactivate-account",
  /** Name of an issuer, on issuers: where failed validations are tried first. */
  stagingIssuer: "certwright.dev/staging-issuer",
} as const;

/** Those that only issuers have. */
const ofIssuers: string[] = [
  annotationNames.rateLimits,
  annotationNames.dnsPersist,
  annotationNames.accountKeyAlgorithm,
  annotationNames.rotateAccountKeyRequestedAt,
  annotationNames.deactivateAccount,
  annotationNames.stagingIssuer,
];

/** cert-manager's: "true" asks for a placeholder until the first certificate comes. */
export const temporaryCertificate = "cert-manager.io/issue-temporary-certificate";

/** What the annotations of a Certificate ask for. */
export interface CertificateOptions {
  /** Absent means the installation's default store. */
  store?: StoreName;
  temporaryCertificate?: true;
  /** Present when the secret goes with its Certificate. */
  deleteSecret?: { recoveryDays: number };
  /** As written; compared as text. */
  renewRequestedAt?: string;
  revoke?: RevocationWish;
  /** Names of Clusters, which then decide alone where it goes; from the field `targets`, too. */
  targets?: string[];
}

const ofCertificates = Object.values<string>(annotationNames).filter((name) => !ofIssuers.includes(name));
const annotationsOf = { certificate: ofCertificates, issuer: ofIssuers, kubernetes: [] };

/** How an annotation is written in a path. */
export function annotationPath(name: string): string {
  return `metadata.annotations[${name}]`;
}

/** Faults for annotations under certwright.dev/ that do not exist or do not belong to this kind. */
export function checkAnnotationNames(kind: Kind, annotations: Record<string, string>, faults: FieldFault[]): void {
  const known: string[] = kind === "CertificateRequest" ? [] : annotationsOf[familyOf(kind)];
  const elsewhere = Object.values<string>(annotationNames).filter((name) => !known.includes(name));
  for (const name of Object.keys(annotations)) {
    if (!name.startsWith("certwright.dev/") || known.includes(name)) continue;
    const message = elsewhere.includes(name)
      ? `Forbidden: ${name} is no annotation of kind ${kind}`
      : `unknown annotation ${quote(name)}`;
    const meant = elsewhere.includes(name) ? undefined : nearest(name, known);
    const fix = meant === undefined ? "remove it" : `did you mean ${meant}?`;
    faults.push({ path: annotationPath(name.slice(0, 80)), message, fix });
  }
}

/** Reads the annotations of a Certificate. */
export function readCertificateOptions(annotations: Record<string, string>, faults: FieldFault[]): CertificateOptions {
  const store = choice(annotations, annotationNames.store, ["secretsManager", "s3"], faults);
  const policy = choice(annotations, annotationNames.deletionPolicy, ["retain", "delete"], faults);
  const recoveryDays = readRecoveryDays(annotations, faults);
  const renewRequestedAt = readInstant(annotations, annotationNames.renewRequestedAt, faults, renewFix);
  const targets = readTargets(annotations, faults);
  const revoke = readRevocation(annotations, faults);
  return {
    ...(annotations[temporaryCertificate] === "true" ? { temporaryCertificate: true } : {}),
    ...(store === undefined ? {} : { store }),
    ...(policy === "delete" ? { deleteSecret: { recoveryDays } } : {}),
    ...(renewRequestedAt === undefined ? {} : { renewRequestedAt }),
    ...(revoke === undefined ? {} : { revoke }),
    ...(targets === undefined ? {} : { targets }),
  };
}

/** Reads the time of a wish. */
export function readInstant(
  annotations: Record<string, string>,
  name: string,
  faults: FieldFault[],
  fix: string,
): string | undefined {
  const text = annotations[name];
  if (text === undefined || isInstant(text)) return text;
  faults.push({ path: annotationPath(name), message: invalidValue(quote(text), "must be an RFC 3339 time"), fix });
  return undefined;
}

const renewFix = "write the time of the wish, such as 2026-11-22T19:00:00Z, or use `certwright renew`";

/** Reads one of a few words. */
export function choice<Choice extends string>(
  annotations: Record<string, string>,
  name: string,
  choices: readonly Choice[],
  faults: FieldFault[],
): Choice | undefined {
  const value = annotations[name];
  const found = choices.find((known) => known === value);
  if (value !== undefined && found === undefined) {
    const fix = `write ${nearest(value, choices) ?? `one of ${choices.join(", ")}`}, or remove it`;
    faults.push({ path: annotationPath(name), message: unsupportedValue(quote(value), choices), fix });
  }
  return found;
}

/** Thirty days are Secrets Manager's own default. */
function readRecoveryDays(annotations: Record<string, string>, faults: FieldFault[]): number {
  const text = annotations[annotationNames.recoveryWindowDays] ?? "30";
  const days = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (days < 7 || days > 30) {
    const message = invalidValue(quote(text), "must be a whole number of days between 7 and 30");
    const fix = 'write a number from 7 to 30 in quotes, such as "14"';
    faults.push({ path: annotationPath(annotationNames.recoveryWindowDays), message, fix });
  }
  return days;
}

function readRevocation(annotations: Record<string, string>, faults: FieldFault[]): RevocationWish | undefined {
  const name = annotationNames.revokeRequested;
  const text = annotations[name];
  return text === undefined ? undefined : readRevocationWish(text, annotationPath(name), faults);
}

function readTargets(annotations: Record<string, string>, faults: FieldFault[]): string[] | undefined {
  const text = annotations[annotationNames.targets];
  if (text === undefined || text.trim() === "") return text === undefined ? undefined : [];
  const names = text.split(",").map((name) => name.trim());
  for (const name of names) {
    const problem = subdomainProblem(name);
    if (problem === undefined) continue;
    const fix = 'write the names of Clusters with commas between them, such as "prod-eu,prod-us"';
    faults.push({ path: annotationPath(annotationNames.targets), message: invalidValue(quote(name), problem), fix });
  }
  return [...new Set(names)];
}

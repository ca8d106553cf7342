import type { AcmeAccount } from "./account-row.ts";
import type { AlternativeNames } from "./alternative-names.ts";
import type { Ari } from "./ari.ts";
import type { CaAuthority } from "./ca-authority.ts";
import type { Challenge } from "./challenge.ts";
import type { CrlLook } from "./crl-look.ts";
import type { ErrorClass } from "./errors.ts";
import type { OwnRequest } from "./own-csr/own-request.ts";
import type { ResourceKey } from "./resource.ts";
import type { TemplateNames } from "./secret-template.ts";
import type { Condition, Step } from "./status.ts";
import type { SubjectFields } from "./subject.ts";

/**
 * What State holds. Instants are epoch milliseconds; status times are RFC 3339. Every row carries the schema version that wrote
 * it: a step gives back an attempt of a newer one; a certificate's keeps what is unknown to us, so that a roll-back goes on.
 */
export const rowSchema = 1;

/** Renewals go before first issuances, and before looks at certificates whose renewal is not due (core/renewal.ts). */
export type Lane = "renew" | "new";

/** The right of one execution to write for an attempt. The id is the execution's name. */
export type LeaseId = string;

/** `Certificate/web` or `CertificateRequest/web`: status, schedule and the lease. Dispatch, sweep and the ending steps write it. */
export interface CertificateRow {
  key: ResourceKey;
  schema: number;
  /** Grows with every write: the condition of the next one. */
  version: number;
  /** Grows when the spec hash changes. */
  generation: number;
  /** Hash of the spec State last decided on. */
  specHash: string;
  /** `_cluster/ClusterIssuer/le`: the id of the issuer's key; the partition of the index byIssuer. */
  issuer?: string;
  /** True while it waits for that issuer to exist or to be ready. */
  waitsForIssuer?: boolean;
  ready: Condition;
  issuing?: Condition;
  /** There while the certificate ends earlier than asked because its CA does. */
  lifetimeShortened?: Condition;
  revision?: number;
  issued?: Issued;
  /** What a template left in the secret that was this Certificate's before: of an earlier spec, or of before a deletion. */
  leftTemplate?: TemplateNames & { secretName: string };
  /** Epoch ms of the last automatic issuances, newest first, at most three: the runaway fence. */
  recentIssuances?: number[];
  failedIssuanceAttempts?: number;
  lastFailureTime?: string;
  /** The CA refused a validation: it is tried at the issuer's staging issuer first, or has passed there (rehearsal.ts). */
  rehearsal?: "wanted" | "passed";
  /** The value of `certwright.dev/renew-requested-at` that was last acted on. */
  renewRequestedAt?: string;
  /** What the CA suggests (RFC 9773); absent where its issuer is not asked, and while it is renewed. */
  ari?: Ari;
  /** The CA's revocation list is read; absent where there is none, and where the CA is asked anyhow (`ari`). */
  crl?: CrlLook;
  /** The working certificate was seen revoked; says nothing of another one. */
  revoked?: Revoked;
  /** The `at` of the wish to revoke that was last acted on. */
  revokeRequestedAt?: string;
  /** The attempt in hand, leased (dueAt = end of the lease) or released (dueAt = when it resumes). */
  attempt?: {
    id: string;
    leaseId?: LeaseId;
    executionArn?: string;
    /** A Lambda died with it in a batch: it comes back as a batch of one. */
    alone?: true;
  };
  /** Epoch ms of the next decision; absent when there is nothing to do. */
  dueAt?: number;
  lane?: Lane;
  /** A rewrite of the stored secret. `until` (epoch ms): the end of its lease, or of the wait after it failed. */
  rewrite?: { until: number; failures?: number };
  /** What is wrong with a version of the secret that somebody else wrote: it is issued anew. */
  drift?: { versionId: string; reason: string; message: string };
  /** What a CertificateRequest has, which has neither `issued` nor a secret. */
  own?: OwnRequest;
  /** Days of the recovery window, when the user asked that the secret goes with its Certificate. */
  recoveryDays?: number;
  /** Epoch ms; a tombstone: the request is gone. */
  deletedAt?: number;
  /** Epoch seconds, DynamoDB's time to live. */
  expiresAt?: number;
}

/** What State knows of the certificate that the secret holds: all that decide() needs without reading the secret. */
export interface Issued {
  /** Hash of the spec that it satisfies: the one it was made for, or a later one that needs no new certificate. */
  specHash: string;
  /** The attempt that made it: its csr and chain items describe it. */
  attemptId: string;
  secretName: string;
  store: StoreName;
  secretArn: string;
  versionId: string;
  /** Epoch ms. */
  notBefore: number;
  notAfter: number;
  /** Absent when it is never renewed by itself (`spec.renewal.policy: Disabled`). */
  renewalTime?: number;
  /** SHA-256 of the leaf's DER, lower-case hex. */
  fingerprint: string;
  /** How the spec had it written into the secret (core/content-hash.ts); absent for the plainest, and in rows of before. */
  contentHash?: string;
  /** What may be in the secret from `spec.secretTemplate`; absent when nothing is, and in rows of before. */
  template?: TemplateNames;
  /** Others put keys, annotations or labels into the secret, which stay. */
  foreign?: true;
  /** The same, of the certificate of the `ca` issuer's CA that signed it. */
  caFingerprint?: string;
}

/** A revocation that was seen; valid for the certificate of this fingerprint only. */
export interface Revoked {
  /** Issued.fingerprint. */
  fingerprint: string;
  /** Epoch ms of the revocation. */
  at: number;
  /** RFC 5280 5.3.1, such as keyCompromise. */
  reason: string;
  seenBy: "crl" | "user";
}

export type StoreName = "secretsManager" | "s3";

/** Names one attempt of one Certificate, or of one CertificateRequest. */
export interface AttemptRef {
  namespace: string;
  /** Absent: a Certificate's. */
  kind?: "CertificateRequest";
  name: string;
  /** UUID; also the ClientRequestToken of the secret's version. */
  attemptId: string;
}

/** `Certificate/web#attempt#<id>`: the row every step writes; under 1 KB. */
export interface AttemptRow {
  ref: AttemptRef;
  schema: number;
  leaseId: LeaseId;
  generation: number;
  specHash: string;
  issuer: string;
  lane: Lane;
  /** Why it was started: the reason of the check that fired. */
  reason: string;
  startedAt: number;
  /** The number that its certificate gets, should there be one. Absent in rows of before. */
  revision?: number;
  /** The last step that wrote this row. */
  step: Step;
  /** That step is over: the attempt is in the next one (core/status.ts stepIn). */
  stepEnded?: true;
  /** Its issuer signs at once: no order, no challenge. */
  signs?: true;
  orderUrl?: string;
  finalizeUrl?: string;
  /** The CA's last Replay-Nonce, used for the next step's first request (RFC 8555 6.5). */
  nonce?: string;
  /** The lease under which the challenges were answered; another lease must look before it answers again. */
  answeredUnder?: LeaseId;
  /** The records of this order have reached all name servers before. */
  propagated?: true;
  /** DNS changes to wait for. */
  changes?: string[];
  /** True while a sealed key or TXT records may be left: the attempt is then in the due index. */
  hasRecords?: boolean;
  /** Epoch ms at which the sweep looks whether the records are still needed. */
  dueAt?: number;
  /** Tokens taken for it that go back once when it ends without a certificate. */
  tokens?: string[];
  /** It only tries the validation, at the staging issuer of the Certificate's issuer: no certificate comes of it. */
  rehearsal?: true;
  /** Unexpected errors so far. */
  bugs?: number;
  outcome?: AttemptOutcome;
  expiresAt?: number;
}

export interface AttemptOutcome {
  result: "issued" | "failed" | "superseded";
  errorClass?: ErrorClass;
  reason: string;
  message: string;
  at: number;
}

/** `...#csr`: written once by Prepare. */
export interface CsrItem {
  /** PKCS#10, DER, base64. */
  csr: string;
  /** SHA-256 of the SubjectPublicKeyInfo's DER, hex. */
  publicKeyHash: string;
  /** A-labels, as ordered; other names are in `asked`. */
  names: string[];
  /** What the certificate was asked with, to compare a later spec against. */
  asked: AskedFor;
}

/** The part of a spec whose change makes a new certificate (cert-manager's RequestChanged and SecretMismatch). */
export interface AskedFor extends SubjectFields, AlternativeNames {
  /** All DNS names of the request, at an ACME CA the common name's too. */
  dnsNames: string[];
  isCA?: true;
  /** Seconds. */
  durationSeconds: number;
  usages: string[];
  keyAlgorithm: string;
  keySize?: number;
  issuer: string;
}

/** `...#challenges`: written by Create order, once for each order. */
export interface ChallengesItem {
  challenges: Challenge[];
  /** The start of the account key's thumbprint, of which the records are made: with another key they prove nothing. */
  accountKey?: string;
  /** Records of an earlier order of the same attempt: only to be removed. */
  former?: { name: string; value: string; solver: number }[];
  /** The same of its HTTP01 answers. */
  formerTokens?: string[];
}

/** `...#chain`: written once by Finalize; leaf first, PEM. */
export interface ChainItem {
  chain: string;
  /** PEM for ca.crt, where the issuer gives one: an ACME CA does not. */
  ca?: string;
}

/** `_system`, `key#<namespace>/<name>#<attempt>`: both ciphertexts, base64 (core/ports.ts, KeySealer). */
export interface SealedKey {
  dataKey: string;
  iv: string;
  ciphertext: string;
  tag: string;
}

/** `Issuer/le` or `_cluster` `ClusterIssuer/le`: status, and what check-issuer learnt. */
export interface IssuerRow {
  key: ResourceKey;
  schema: number;
  version: number;
  generation: number;
  specHash: string;
  ready: Condition;
  /** The spec as check-issuer accepted it; steps use this one. */
  spec?: unknown;
  annotations?: Record<string, string>;
  acme?: AcmeAccount;
  ca?: CaAuthority;
  failedChecks?: number;
  dueAt?: number;
  lane?: Lane;
  deletedAt?: number;
  expiresAt?: number;
}

/** `Secret/<secretName>`: who may write that stored secret. */
export interface SecretClaim {
  namespace: string;
  secretName: string;
  /** `Certificate/web` or `Issuer/le`. */
  owner: string;
  store: StoreName;
  releasedAt?: number;
}

/** `Certificate/web#event#<time>`: what describe prints, kept for 30 days. */
export interface EventRow {
  key: ResourceKey;
  at: number;
  type: "Normal" | "Warning";
  reason: string;
  message: string;
  attemptId?: string;
}

/** `_system`, `ledger#<key>`: one token bucket. */
export interface BucketRow {
  key: string;
  version: number;
  /** Tokens left at `at`. */
  tokens: number;
  at: number;
}

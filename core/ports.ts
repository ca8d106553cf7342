import type { HttpAnswer } from "./http-answer.ts";
import type { KubernetesState, SyncOrder } from "./kubernetes/state.ts";
import type { ResourceKey } from "./resource.ts";
import type { RevocationState } from "./revocation/state.ts";
import type {
  AttemptRef,
  AttemptRow,
  BucketRow,
  CertificateRow,
  ChainItem,
  ChallengesItem,
  CsrItem,
  EventRow,
  IssuerRow,
  Lane,
  LeaseId,
  SealedKey,
  SecretClaim,
} from "./rows.ts";

/**
 * The doors of the core; an ACME CA has its own file, acme-port.ts. Every contract is held by a suite in test/contract/, run against each adapter and the fake.
 * Every method may throw RefusedError (a right or a thing is missing), RateLimitedError (the service named a slot)
 * or UnavailableError (5xx, time-out, throttled beyond the SDK's own retries); anything else is a bug.
 */

/** The time. Only functions/runtime.ts makes a real one. */
export interface Clock {
  now(): Date;
}

/** Chance, passed in so that decisions can be tested. */
export interface Chance {
  /** 0 <= x < 1. */
  fraction(): number;
  uuid(): string;
}

/** An object as it lies in the Requests table, not yet validated. */
export interface StoredRequest {
  key: ResourceKey;
  apiVersion: unknown;
  metadata: unknown;
  /** A map, or a string holding JSON or YAML. */
  spec: unknown;
}

/**
 * The users' table. Reads are strongly consistent; absent means deleted.
 */
export interface Requests {
  get(key: ResourceKey): Promise<StoredRequest | undefined>;
  /** Any number of keys; absent ones are not in the map. Keyed by idOf(key). */
  getMany(keys: ResourceKey[]): Promise<Map<string, StoredRequest>>;
  /** Writes or replaces the whole object. */
  put(request: { key: ResourceKey; apiVersion: string; metadata?: unknown; spec: unknown }): Promise<void>;
  /** Deleting what is not there is not an error. */
  delete(key: ResourceKey): Promise<void>;
  /** Every object, in pages; for resync. Rows whose key is not one of ours are given as `unknown`. */
  scan(): AsyncIterable<{ requests: StoredRequest[]; unknown: { namespace: string; resource: string }[] }>;
  /** The objects of one namespace (and kind). */
  list(namespace: string, kind?: string): Promise<StoredRequest[]>;
}

export type Saved = "saved" | "conflict";

/** Something whose dueAt has passed. */
export type Due =
  | { what: "certificate"; key: ResourceKey; dueAt: number; lane: Lane }
  /** A working certificate that is only to be looked at (core/check-certificates.ts): in the lane new, and it has a validity. */
  | { what: "look"; key: ResourceKey; dueAt: number; lane: Lane }
  | { what: "issuer"; key: ResourceKey; dueAt: number; lane: Lane }
  /** A Cluster or a Bundle. */
  | { what: "kubernetes"; key: ResourceKey; dueAt: number; lane: Lane }
  | { what: "records"; ref: AttemptRef; dueAt: number; lane: Lane }
  | { what: "revocation"; ref: AttemptRef; dueAt: number; lane: Lane };

/**
 * Our table. Reads by key are strongly consistent, index queries are not. Writes are compare-and-swap: a certificate or
 * issuer row by its version, an attempt row by its lease. A write that arrives twice (a lost reply) answers "conflict";
 * the caller reads again and finds its own write. Absent optional fields are removed by a put.
 */
export interface State extends KubernetesState, RevocationState {
  certificate(key: ResourceKey): Promise<CertificateRow | undefined>;
  /** `eventual`: rows that may be a moment old, at half the price. */
  certificates(keys: ResourceKey[], how?: { eventual: boolean }): Promise<Map<string, CertificateRow>>;
  /** Writes the whole row with version = expected + 1; expected 0 means absent. */
  putCertificate(row: CertificateRow): Promise<Saved>;

  /** The keys of all Certificates and issuers that are not tombstones, in pages; for resync. Eventually consistent. */
  scanKeys(): AsyncIterable<ResourceKey[]>;

  issuer(key: ResourceKey): Promise<IssuerRow | undefined>;
  issuers(keys: ResourceKey[]): Promise<Map<string, IssuerRow>>;
  putIssuer(row: IssuerRow): Promise<Saved>;
  /** The Certificates that wait for this issuer (index byIssuer), in pages. */
  waitingFor(issuer: ResourceKey): AsyncIterable<ResourceKey[]>;
  /** All Certificates that name this issuer, waiting or not (index byIssuer), in pages. */
  usersOf(issuer: ResourceKey): AsyncIterable<ResourceKey[]>;

  /** Keyed by attempt id. */
  attempts(refs: AttemptRef[]): Promise<Map<string, AttemptRow>>;
  /** A new attempt; "conflict" when the id exists. */
  createAttempt(row: AttemptRow): Promise<Saved>;
  /** Writes the whole row if it exists, has this row's lease id and no outcome yet (writing an outcome counts once). */
  putAttempt(row: AttemptRow): Promise<Saved>;
  /** A resumed attempt gets a new lease; "conflict" when it is absent or has an outcome. */
  leaseAttempt(ref: AttemptRef, leaseId: LeaseId): Promise<Saved>;
  /** Marks an ended or abandoned attempt's records as gone (removes hasRecords and dueAt), whoever holds the lease. */
  recordsGone(ref: AttemptRef): Promise<void>;
  /** The sweep looks at its records again at this instant (epoch ms); nothing else of the row changes. */
  postponeRecords(ref: AttemptRef, dueAt: number): Promise<void>;
  /** The attempts of one Certificate, newest first, at most ten unless `most` says another number. */
  attemptsOf(key: ResourceKey, most?: number): Promise<AttemptRow[]>;
  /** An attempt's row, CSR and chain, as far as they are there, stay until `expiresAt` (epoch seconds). */
  keepAttempt(ref: AttemptRef, expiresAt: number): Promise<void>;

  /** Items beside the attempt; each is written once, a second write is ignored; absent ones are not in the map. */
  csrs(refs: AttemptRef[]): Promise<Map<string, CsrItem>>;
  putCsr(ref: AttemptRef, item: CsrItem): Promise<void>;
  challenges(refs: AttemptRef[]): Promise<Map<string, ChallengesItem>>;
  /** Replaces: a new order of the same attempt has new challenges. */
  putChallenges(ref: AttemptRef, item: ChallengesItem): Promise<void>;
  chain(ref: AttemptRef): Promise<ChainItem | undefined>;
  chains(refs: AttemptRef[]): Promise<Map<string, ChainItem>>;
  /** expiresAt: epoch seconds, one month after notAfter. */
  putChain(ref: AttemptRef, item: ChainItem, expiresAt: number): Promise<void>;

  /** Under `_system`. put answers "conflict" when one is there: the first key of an attempt stays. */
  sealedKey(ref: AttemptRef): Promise<SealedKey | undefined>;
  /** Keyed by attempt id; absent ones are not in the map. */
  sealedKeys(refs: AttemptRef[]): Promise<Map<string, SealedKey>>;
  putSealedKey(ref: AttemptRef, key: SealedKey): Promise<Saved>;
  deleteSealedKey(ref: AttemptRef): Promise<void>;

  /**
   * Which attempts need a TXT value (a CA may give two orders one authorization, so one value).
   * claimRecord answers whether others needed it before; releaseRecord whether nobody needs it now.
   */
  claimRecord(record: TxtRecord, ref: AttemptRef): Promise<{ others: boolean }>;
  releaseRecord(record: TxtRecord, ref: AttemptRef): Promise<{ last: boolean }>;

  /** Makes an answer to an HTTP01 challenge readable, until the last attempt that claimed it releases it. */
  claimAnswer(answer: HttpAnswer, ref: AttemptRef): Promise<void>;
  releaseAnswer(token: string, ref: AttemptRef): Promise<void>;
  /** The key authorization behind a token; undefined when nobody needs one. */
  answerTo(token: string): Promise<string | undefined>;

  /** Claims a secret name for its owner; answers the claim that stands (maybe another's). A released one may be taken. */
  claimSecret(claim: SecretClaim): Promise<SecretClaim>;
  secretClaim(namespace: string, secretName: string): Promise<SecretClaim | undefined>;
  /** In any order; a name without a claim has none. */
  secretClaims(names: Pick<SecretClaim, "namespace" | "secretName">[]): Promise<SecretClaim[]>;
  /** Ends the claim if it is this owner's. */
  releaseSecret(namespace: string, secretName: string, owner: string, at: number): Promise<void>;

  /** Buckets by key; absent ones are not in the map. */
  buckets(keys: string[]): Promise<Map<string, BucketRow>>;
  /** All or nothing, at most 100 rows, each with version = expected + 1; expected 0 means absent. */
  putBuckets(rows: BucketRow[]): Promise<Saved>;

  /** What is due at `now`, oldest first within a lane, lane renew first, at most `limit`. */
  due(now: Date, limit: number): Promise<Due[]>;
  /** The smallest (notAfter - now) / (notAfter - notBefore) among certificates of lane renew due before `until`. */
  smallestMargin(now: Date, until: Date): Promise<number | undefined>;

  /** Adds an event that lives 30 days. Best effort by the caller. */
  addEvent(event: EventRow): Promise<void>;
  /** Newest first, at most `limit`. */
  events(key: ResourceKey, limit: number): Promise<EventRow[]>;
}

/** A TXT record of one value. Names are lower-case A-labels without a trailing dot. */
export interface TxtRecord {
  name: string;
  value: string;
}

/** What happened to one record; an error is that record's own. */
export type RecordResult = { record: TxtRecord } & (
  | { change: string }
  | { error: Error }
  /** Nothing had to be done. */
  | { unchanged: true }
);

/**
 * Publishes TXT records. Both verbs take a whole batch, are idempotent, keep foreign values at the same name and answer
 * for each record. They never wait for propagation.
 */
export interface DnsProvider {
  publish(records: TxtRecord[]): Promise<RecordResult[]>;
  /** Removes our values; a record that is not there is unchanged. */
  cleanUp(records: TxtRecord[]): Promise<RecordResult[]>;
  /** Whether each change has reached all name servers. The same change id is asked again, never made again. */
  settled(changes: string[]): Promise<Map<string, boolean>>;
}

/**
 * Seals a private key: AES-256-GCM under a KMS data key whose encryption context is {instance, namespace, attempt}.
 * Opening in another context fails.
 */
export interface KeySealer {
  seal(pkcs8: Uint8Array, ref: AttemptRef): Promise<SealedKey>;
  open(sealed: SealedKey, ref: AttemptRef): Promise<Uint8Array>;
}

export interface StoredSecret {
  arn: string;
  /** The version readers get. */
  versionId: string | undefined;
  /** The tag certwright:owner, `<namespace>/Certificate/web`; undefined when the secret is not ours. */
  owner: string | undefined;
  /** Set while it is in its recovery window. */
  deletedAt?: Date;
}

export interface SecretWrite {
  /** `<instance>/<namespace>/<secretName>`. */
  name: string;
  value: string;
  /** The attempt's UUID: a token that was written before counts as written. */
  token: string;
  /** The version this one replaces; undefined for a new secret. */
  replaces: string | undefined;
  owner: string;
  namespace: string;
  issuer: string;
}

/**
 * Where the secret of record lives. Values are text (JSON), at most 64 KB.
 * write() is a compare-and-swap: it throws StaleSecret-reason RefusedError when another version is current, makes the new
 * one readable only as a whole, restores a secret in its recovery window, and is idempotent by token.
 */
export interface SecretStore {
  describe(name: string): Promise<StoredSecret | undefined>;
  /** The current value, or undefined when there is none. */
  read(name: string): Promise<{ value: string; versionId: string } | undefined>;
  write(write: SecretWrite): Promise<{ arn: string; versionId: string }>;
  /** Deletion with a recovery window of so many days. */
  scheduleDeletion(name: string, recoveryDays: number): Promise<void>;
}

/**
 * A fact on the bus (docs/events/*.schema.json); at least once, keyed by certificate and revision. `Cluster Sync Requested` is
 * an order to sync-kubernetes, one for the whole batch that was issued: a call for each would cost more than the issuance.
 */
export interface Fact {
  type: "Certificate Issued" | "Certificate Issuance Failed" | "Certificate Deleted" | "Cluster Sync Requested";
  detail: Record<string, unknown>;
}

export interface Events {
  publish(facts: Fact[]): Promise<void>;
}

/** What starts executions and other functions; asynchronous, at least once. */
export interface Starter {
  /** Starts issue-certificates; the lease id is the execution's name, so a repeat starts nothing. */
  startIssuance(input: ExecutionInput): Promise<void>;
  /** The ARN an execution of that name has. */
  executionArn(leaseId: LeaseId): string;
  dispatch(keys: ResourceKey[]): Promise<void>;
  sweep(): Promise<void>;
  checkIssuer(key: ResourceKey): Promise<void>;
  checkCertificates(keys: ResourceKey[]): Promise<void>;
  cleanUp(refs: AttemptRef[], issuer: string): Promise<void>;
  syncKubernetes(order: SyncOrder): Promise<void>;
  revoke(ref: AttemptRef): Promise<void>;
  /** Certificates whose stored secrets are to be looked at and, if need be, written anew without an issuance. */
  rewriteSecrets(keys: ResourceKey[]): Promise<void>;
}

/** The input of issue-certificates: ids only. */
export interface ExecutionInput {
  leaseId: LeaseId;
  /** idOf() of the issuer's key. */
  issuer: string;
  attempts: AttemptRef[];
  /** Which way it goes after Prepare: the issuer signs at once, or an order is made. */
  route: "sign" | "order";
}

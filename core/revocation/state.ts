import type { Saved } from "../ports.ts";
import type { ResourceKey } from "../resource.ts";
import type { AttemptRef } from "../rows.ts";
import type { RevocationReason, RevocationWish } from "./wish.ts";

/**
 * `Certificate/web#revocation#<attempt>`: the certificate that an attempt made, from the wish to revoke it until it is revoked
 * and nothing of it is in use. It stays as long as the events of its Certificate, then a year.
 */
export interface RevocationRow {
  ref: AttemptRef;
  schema: number;
  /** Grows with every write. */
  version: number;
  /** The `at` of the wish. */
  requestedAt: string;
  reason: RevocationReason;
  with?: RevocationWish["with"];
  /** The id of the Certificate with the same key that was the reason. */
  sharedWith?: string;
  /** RFC 3339: when the CA took it. */
  revokedAt?: string;
  /** Why no CA will take it, for people. */
  refusal?: string;
  /** The key is on the list of blocked ones, and all who share it were found. */
  blocked?: true;
  /** Ids of the other Certificates with its key, at most 50. */
  shared?: string[];
  /** What stands in the way just now; for people. */
  message?: string;
  /** Nothing of it is in use any more: `replaced`, or `gone` with its Certificate. */
  ended?: "replaced" | "gone";
  /** Looks that did not end it. */
  looks?: number;
  /** Epoch ms of the next look; absent when it ended. */
  dueAt?: number;
  /** Epoch seconds. */
  expiresAt?: number;
}

/** `_system`, `blocked-key#<SHA-256 of the SubjectPublicKeyInfo>`: never used again. */
export interface BlockedKey {
  /** SHA-256 of the SubjectPublicKeyInfo's DER, lower-case hex. */
  publicKeyHash: string;
  /** The id of the Certificate whose owner said so. */
  saidBy: string;
  /** RFC 3339. */
  at: string;
}

/** What State keeps of revocations. */
export interface RevocationState {
  /** The revocation of what this attempt made. */
  revocation(ref: AttemptRef): Promise<RevocationRow | undefined>;
  /** Compare-and-swap by version; expected 0 means absent. */
  putRevocation(row: RevocationRow): Promise<Saved>;
  /** Of one Certificate, in no order. */
  revocationsOf(key: ResourceKey): Promise<RevocationRow[]>;
  /** For ever; the first entry stays. */
  blockKey(blocked: BlockedKey): Promise<void>;
  blockedKey(publicKeyHash: string): Promise<BlockedKey | undefined>;
}

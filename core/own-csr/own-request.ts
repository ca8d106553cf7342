import type { Condition } from "../status.ts";

/** What State knows of a CertificateRequest: it is made once, and its result is the chain beside its attempt. */
export interface OwnRequest {
  /** Hashes of what it asked for when it was first decided on: neither may change. Absent while it is not valid. */
  made?: { spec: string; annotations: string };
  approved?: Condition;
  denied?: Condition;
  /** It is not valid, or was changed. */
  invalid?: Condition;
  /** RFC 3339; it failed for good. */
  failureTime?: string;
  signed?: SignedRequest;
}

/** The result of a CertificateRequest; instants in epoch ms. */
export interface SignedRequest {
  attemptId: string;
  notBefore: number;
  notAfter: number;
  /** SHA-256 of the leaf's DER, lower-case hex. */
  fingerprint: string;
}

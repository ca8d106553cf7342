import type { HttpAnswer } from "./http-answer.ts";

/** One authorization that must become valid, and what proves it. */
export type Challenge = DnsChallenge | HttpChallenge;

interface AnyChallenge {
  /** The identifier as ordered, without `*.`: a name, or an IP address (RFC 8738). */
  identifier: string;
  wildcard: boolean;
  authorizationUrl: string;
  challengeUrl: string;
  /** The index of the solver, of the issuer's list, that serves it. */
  solver: number;
}

/** Proven by a TXT record (RFC 8555 8.4), or by one that stays (draft-ietf-acme-dns-persist). */
export type DnsChallenge = TxtChallenge<"dns-01"> | TxtChallenge<"dns-persist-01">;

interface TxtChallenge<Type> extends AnyChallenge {
  type: Type;
  /** `_acme-challenge.example.com` or `_validation-persist.example.com`, no trailing dot. */
  recordName: string;
  /** Where its CNAMEs lead, when the solver follows them: the record is written there. */
  target?: string;
  /** base64url of SHA-256 of the key authorization, or the CA and our account: public. */
  recordValue: string;
}

/** Proven by an answer over HTTP (RFC 8555 8.3). */
export interface HttpChallenge extends AnyChallenge, HttpAnswer {
  type: "http-01";
}

import type { Pkcs10CertificateRequest } from "@peculiar/x509";
import type { Suggestion } from "../../core/renewal-info.ts";

/** A problem document that a CA throws (RFC 8555 6.7). */
export class CaProblem extends Error {
  readonly status: number;
  readonly body: { type: string; detail: string; subproblems?: unknown[]; instance?: string };
  readonly retryAfterSeconds: number | undefined;

  constructor(
    status: number,
    type: string,
    detail: string,
    more: { subproblems?: unknown[]; retryAfterSeconds?: number } = {},
  ) {
    super(detail);
    const { retryAfterSeconds, ...rest } = more;
    this.status = status;
    this.body = { type: `urn:ietf:params:acme:error:${type}`, detail, ...rest };
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** What a test may turn while the CA runs. */
export interface CaKnobs {
  /** How often an order is still pending or processing when it is read. */
  processingRounds: number;
  /** Sent with orders that are pending or processing. */
  retryAfterSeconds: number | undefined;
  /** Refused at newOrder with rejectedIdentifier and these words. */
  refusedNames: Map<string, string>;
  /** newOrder answers rateLimited until then. */
  limitedUntil: Date | undefined;
  /** Every request answers 503. */
  down: boolean;
  /** Name and seconds of validity. */
  profiles: Record<string, number>;
  /** Whether a valid authorization serves later orders of its account. */
  reuseAuthorizations: boolean;
  /** Every name is authorized without a challenge: an order is ready at once, as at ACM. */
  preAuthorized: boolean;
  /** Challenges that authorizations offer beside ours; instead of them with `only`. */
  otherChallenges: { types: string[]; only?: true };
  /** newOrder refuses notAfter in Boulder's words. */
  refusesNotAfter: boolean;
  /** The challenges that new authorizations for a name or an IP address have. */
  offered: (identifier: string) => ChallengeType[];
  /** Where certificates say that the CA's revocation list is; without it they say nothing. */
  crlUrl: string | undefined;
  /** When to renew a certificate; without it the directory of memoryAcme offers no renewal information. */
  suggest: ((certId: string) => Suggestion) | undefined;
}

export interface Account {
  url: string;
  thumbprint: string;
  contact: string[];
  status: "valid" | "deactivated";
}

export type ChallengeType = "dns-01" | "http-01" | "dns-persist-01";

export interface Problem {
  type: string;
  detail: string;
}

export interface Authorization {
  id: string;
  account: string;
  identifier: string;
  wildcard: boolean;
  status: "pending" | "valid" | "invalid" | "deactivated" | "expired";
  token: string;
  challenge: "pending" | "processing" | "valid" | "invalid";
  offered: ChallengeType[];
  /** The one that the client chose. */
  answered?: ChallengeType;
  error?: Problem;
}

export interface OrderState {
  id: string;
  account: string;
  names: string[];
  profile: string;
  notAfter?: Date;
  status: "pending" | "ready" | "processing" | "valid" | "invalid";
  authorizations: Authorization[];
  roundsLeft: number;
  csr?: Pkcs10CertificateRequest;
  certificate?: string;
  /** The same leaf over other chains. */
  alternates?: string[];
}

/** What newOrder is asked with. */
export interface OrderWish {
  names: string[];
  profile?: string | undefined;
  replaces?: string | undefined;
  notAfter?: Date | undefined;
}

export interface TestCa {
  knobs: CaKnobs;
  /** How often each operation was asked for. */
  calls: Record<string, number>;
  accounts: Map<string, Account>;
  orders: Map<string, OrderState>;
  authorizations: Map<string, Authorization>;
  /** PEM of the root that signs the intermediate. */
  rootPem: string;
  register(
    thumbprint: string,
    request: { contact?: string[]; onlyReturnExisting?: boolean },
  ): { account: Account; created: boolean };
  update(account: Account, contact: string[]): void;
  /** Makes this the account's key; a key of another account is refused. */
  changeKey(account: Account, thumbprint: string): void;
  deactivate(account: Account): void;
  newOrder(account: Account, request: OrderWish): OrderState;
  /** Validates and signs what is waiting, then gives the order. */
  readOrder(account: Account, id: string): Promise<OrderState>;
  authorization(account: Account, id: string): Authorization;
  answer(account: Account, id: string, type: ChallengeType): Authorization;
  finalize(account: Account, id: string, csrDer: Uint8Array): Promise<OrderState>;
  /** Reason codes by serial number, as node:crypto prints it. */
  revoked: Map<string, number>;
  /** A revocation list with what was revoked, DER. */
  crl(): Promise<Uint8Array>;
  /** Signed by an account, or by the certificate's own key (RFC 7638 thumbprint). */
  revoke(by: { account: Account } | { thumbprint: string }, request: { der: Uint8Array; reason?: number }): void;
  /** The default chain, or the alternate of that number, from 1 on. */
  certificate(account: Account, id: string, alternate?: number): string;
  /** Renewal information (RFC 9773); throws what the knob throws. */
  suggestion(certId: string): Suggestion;
}

/** Throws a CaProblem. */
export function raise(status: number, type: string, detail: string): never {
  throw new CaProblem(status, type, detail);
}

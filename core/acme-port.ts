import type { Challenge } from "./challenge.ts";

/** What a CA says of an order (RFC 8555 7.1.6). */
export interface Order {
  url: string;
  finalizeUrl: string;
  status: "pending" | "ready" | "processing" | "valid" | "invalid";
  authorizationUrls: string[];
  certificateUrl?: string;
  /** When it makes sense to ask again (Retry-After), if the CA said so. */
  retryAt?: Date;
}

export interface OrderRequest {
  /** A-labels; wildcards with their `*.`. */
  names: string[];
  /** Identifiers of the type ip (RFC 8738), in canonical text. */
  ipAddresses?: string[];
  profile?: string;
  /** ARI CertID of the certificate that is replaced (RFC 9773 4.1). */
  replaces?: string;
  /** The end that the certificate is to have (RFC 8555 7.4); a CA that takes no such wish refuses with DurationRefused. */
  notAfter?: Date;
}

/** A chain as PEM, leaf first. */
export interface Download {
  chain: string;
  /** True when a chain was asked for that the CA does not have: this is its default one. */
  notPreferred?: true;
}

/**
 * An ACME CA for one account. No method waits or polls; every method is one step of RFC 8555. Refusals are RefusedError
 * with the CA's problem text, rateLimited and 429 are RateLimitedError, 5xx and the network are UnavailableError.
 */
export interface AcmeIssuer {
  /** Nonces from earlier steps; the pool is shared by the attempts of one invocation. */
  giveNonces(nonces: string[]): void;
  /** One left-over nonce to carry to the next step. */
  takeNonce(): string | undefined;
  createOrder(request: OrderRequest): Promise<Order>;
  /**
   * An open order of this account for just these names, where the CA lists them (RFC 8555 7.1.2.1): one whose URL never
   * reached us. Each is given once; undefined when there is none to be found.
   */
  lostOrder(request: OrderRequest): Promise<Order | undefined>;
  /** POST-as-GET; undefined when the CA does not know the order any more. */
  readOrder(url: string): Promise<Order | undefined>;
  /**
   * The challenges of these types of an order's authorizations that are not yet valid, as many of each as the CA offers; solver
   * -1 until solvers are picked. Unknown types are passed over; RefusedError ChallengeNotOffered when an authorization has none.
   */
  challenges<Type extends Challenge["type"]>(
    order: Order,
    types: Type[],
  ): Promise<Extract<Challenge, { type: Type }>[]>;
  /** Tells the CA to validate (RFC 8555 7.5.1). */
  answer(challenge: Challenge): Promise<void>;
  /** Why an order became invalid: one line per refused identifier, with the CA's words. */
  refusals(order: Order): Promise<string>;
  finalize(order: Order, csrDer: Uint8Array): Promise<Order>;
  /** Revokes a certificate (RFC 8555 7.6); one that is revoked already is not an error. */
  revoke(request: RevokeRequest): Promise<void>;
  /**
   * The chain (RFC 8555 7.4.2). With `preferredChain` the first whose topmost certificate has an issuer of that common name:
   * the default one, then the alternates; only then are these asked for.
   */
  download(order: Order, preferredChain?: string): Promise<Download>;
  /** Whether the directory offers renewalInfo (RFC 9773). */
  offersRenewalInfo(): boolean;

  /** The CA's directory (RFC 8555 7.1.1), from the cache it was created with or read now. */
  directory(): Promise<Record<string, unknown>>;
  /**
   * Creates the account or finds the one of this key (RFC 8555 7.3, 7.3.1); with onlyReturnExisting it creates none and
   * answers undefined when the CA knows no account of this key.
   */
  registerAccount(request: AccountRequest): Promise<RegisteredAccount | undefined>;
  /** Changes the account's contact (RFC 8555 7.3.2). */
  updateContact(email: string | undefined): Promise<void>;
  /**
   * Makes this key the account's (RFC 8555 7.3.5). The answer may be lost: onlyReturnExisting with either key tells which
   * one the CA knows.
   */
  changeKey(newKeyPem: string): Promise<void>;
  /** Closes the account for ever (RFC 8555 7.3.6). */
  deactivateAccount(): Promise<void>;
}

export interface RegisteredAccount {
  accountUrl: string;
  /** False when the CA had an account of this key. */
  created: boolean;
}

export interface RevokeRequest {
  certificateDer: Uint8Array;
  /** RFC 5280 5.3.1. */
  reasonCode: number;
  /** PEM: the request is signed with the certificate's own key; otherwise with the account's. */
  certificateKeyPem?: string;
}

export interface AccountRequest {
  email?: string;
  onlyReturnExisting?: boolean;
  /** External account binding (RFC 8555 7.3.4): the MAC key, base64url. */
  externalAccount?: { keyId: string; hmacKey: string };
}

/** What State knows of the account of an ACME issuer; never its key. */
export interface AcmeAccount {
  /** The directory URL that the account belongs to. */
  server: string;
  accountUrl: string;
  /** The CA's directory object (RFC 8555 7.1.1). */
  directory: Record<string, unknown>;
  /** JWK thumbprint of the account key (RFC 7638). */
  keyThumbprint: string;
  lastRegisteredEmail?: string;
  /** Name of the stored secret that holds the key; never the key. */
  keySecretName: string;
  /** The value of `certwright.dev/rotate-account-key-requested-at` that was last acted on. */
  keyRotationRequestedAt?: string;
  /** The key id of the external account binding in the spec that was last looked at. */
  bindingKeyId?: string;
  /** RFC 3339: we have closed it, as somebody asked; it is never used again. */
  deactivatedAt?: string;
}

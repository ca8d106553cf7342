/** Keystores lie in base64 under these keys. */
export const keystoreKeys = ["keystore.jks", "truststore.jks", "keystore.p12", "truststore.p12"] as const;

export type KeystoreFiles = Partial<Record<(typeof keystoreKeys)[number], Uint8Array>>;

/** The keys of a stored secret that are ours: what is not wanted of them goes. */
export const ownKeys: readonly string[] = [
  ...["tls.crt", "tls.key", "ca.crt", "key.der", "tls-combined.pem"],
  ...keystoreKeys,
  "metadata",
];

/** What others put into a stored secret; it stays. */
export interface Foreign {
  keys: Record<string, unknown>;
  annotations: Record<string, string>;
  labels: Record<string, string>;
}

import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseAllDocuments } from "yaml";

/** One file of test/golden/certificates: a Certificate as cert-manager takes it, and what its Secret holds there. */
export interface Golden {
  name: string;
  spec: { secretName: string; issuerRef: { name: string }; isCA?: boolean };
  secret: { keys: string[]; annotations: object; labels: object; privateKey: string };
  x509: ExpectedX509;
  /** By the secret's key; `entries` as test/support/golden/keytool.ts shows them. */
  keystores?: Record<string, { password: string; entries: string[] }>;
}

/** What a certificate is expected to say; test/support/golden-go/main.go writes the same. */
export interface ExpectedX509 {
  /** RDNs in the order of the encoding, each pair as `O printable Example` or `O utf8 Gr\u00fcn`. */
  subject: string[][];
  /** Of subjectAltName, as `DNS:`, `email:`, `IP:`, `URI:` and `otherName:oid=`. */
  names: string[];
  ca: boolean;
  /** In cert-manager's words. */
  keyUsage: string[];
  extendedKeyUsage: string[];
  permitted?: string[];
  excluded?: string[];
  crl?: string[];
  ocsp?: string[];
  issuers?: string[];
  /** In their order; `!` marks a critical one. */
  extensions: string[];
  /** From notBefore to notAfter. */
  seconds: number;
  /** `RSA 2048`, `ECDSA 256`, `Ed25519`. */
  publicKey: string;
  /** As Go names it: `ECDSA-SHA256`. */
  signature: string;
  /** Certificates in tls.crt. */
  chain: number;
}

/** All of them, by name. */
export function goldenCertificates(): Golden[] {
  return globSync("test/golden/certificates/*.yaml")
    .sort()
    .map((file) => {
      const [certificate, expected] = documents(file);
      if (certificate?.metadata?.name !== basename(file, ".yaml")) throw new Error(`${file} names another Certificate`);
      return { name: certificate.metadata.name, spec: certificate.spec, ...expected };
    });
}

/** Their issuers. */
export function goldenIssuers(): { kind: string; name: string; spec: Record<string, unknown> }[] {
  return documents("test/golden/issuers.yaml").map(({ kind, metadata, spec }) => ({ kind, name: metadata.name, spec }));
}

function documents(file: string) {
  return parseAllDocuments(readFileSync(file, "utf8")).map((one) => {
    if (one.errors.length > 0) throw one.errors[0];
    return one.toJS();
  });
}

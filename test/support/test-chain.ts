import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import type { Extension, Pkcs10CertificateRequest, PublicKey } from "@peculiar/x509";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  CRLDistributionPointsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type X509CrlCreateParams,
  X509CrlGenerator,
} from "@peculiar/x509";
import { canonicalIp } from "../../core/ip-address.ts";
import type { Clock } from "../../core/ports.ts";

/** A root and an intermediate that sign certificates for tests. */
export interface Chain {
  rootPem: string;
  /** Leaf and intermediate as PEM, leaf first; the topmost certificate's issuer is "Test Root". */
  sign(csr: Pkcs10CertificateRequest, names: string[], validitySeconds: number, ...crlUrls: string[]): Promise<string>;
  /** A revocation list of the intermediate, DER, from now on for two days. */
  crl(entries: CrlEntry[], more?: Partial<X509CrlCreateParams>): Promise<Uint8Array>;
  /** The same leaf over the same intermediate, signed by "Other Root". */
  alternateOf(pem: string): string;
}

/** A new two-level CA on P-256. */
export async function makeChain(clock: Clock): Promise<Chain> {
  const [root, other, intermediate] = [await makeKeys(), await makeKeys(), await makeKeys()];
  const caFor = (seconds: number) => ({
    notBefore: before(clock),
    notAfter: after(clock, seconds),
    extensions: ofCa(),
  });
  const rootPem = pem(
    await generate({
      subject: "CN=Test Root",
      issuer: "CN=Test Root",
      publicKey: root.publicKey,
      signingKey: root.privateKey,
      ...caFor(10 * year),
    }),
  );
  const crossSigned = async (issuer: string, signer: webcrypto.CryptoKeyPair) =>
    pem(
      await generate({
        subject: "CN=Test Intermediate",
        issuer: `CN=${issuer}`,
        publicKey: intermediate.publicKey,
        signingKey: signer.privateKey,
        ...caFor(5 * year),
      }),
    );
  const intermediatePem = await crossSigned("Test Root", root);
  const alternatePem = await crossSigned("Other Root", other);
  const keyIdentifier = await AuthorityKeyIdentifierExtension.create(intermediate.publicKey);
  return {
    rootPem,
    crl: (entries, more) =>
      makeCrl(clock, { issuer: "CN=Test Intermediate", signingKey: intermediate.privateKey, entries, ...more }),
    async sign(csr, names, validitySeconds, ...crlUrls) {
      const leaf = await generate({
        subject: csr.subject,
        issuer: "CN=Test Intermediate",
        publicKey: csr.publicKey,
        signingKey: intermediate.privateKey,
        notBefore: clock.now(),
        notAfter: after(clock, validitySeconds),
        extensions: [
          sanOf(names, csr.subject === ""),
          keyIdentifier,
          ...(crlUrls.length > 0 ? [new CRLDistributionPointsExtension(crlUrls)] : []),
        ],
      });
      return pem(leaf) + intermediatePem;
    },
    alternateOf: (chain) => chain.replace(intermediatePem, alternatePem),
  };
}

/** One revoked certificate; `reason` by its number (RFC 5280 5.3.1). */
export interface CrlEntry {
  serialNumber: string;
  reason?: number;
  revocationDate?: Date;
  /** Whose certificate it is, when it is another CA's: `CN=...`. */
  issuer?: string;
}

/** A revocation list, DER, from now on for two days unless `more` says otherwise; its key is on P-256. */
async function makeCrl(
  clock: Clock,
  more: Pick<X509CrlCreateParams, "issuer" | "signingKey"> & Partial<X509CrlCreateParams>,
): Promise<Uint8Array> {
  const list = await X509CrlGenerator.create({
    thisUpdate: clock.now(),
    nextUpdate: after(clock, 2 * 86_400),
    signingAlgorithm: p256,
    ...more,
  });
  return new Uint8Array(list.rawData);
}

/** A self-signed server certificate for 127.0.0.1 and localhost, PEM, valid from a day ago for two days by the real clock. */
export async function makeServerCertificate(): Promise<{ cert: string; key: string }> {
  const keys = await makeKeys();
  const clock = { now: () => new Date() };
  const certificate = await generate({
    subject: "CN=test server",
    issuer: "CN=test server",
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    notBefore: before(clock),
    notAfter: after(clock, 86_400),
    extensions: [
      new SubjectAlternativeNameExtension([
        { type: "ip", value: "127.0.0.1" },
        { type: "dns", value: "localhost" },
      ]),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return { cert: pem(certificate), key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n` };
}

const year = 365 * 86_400;
const p256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(p256, true, ["sign", "verify"]);
}

type Parameters = {
  subject: string;
  issuer: string;
  publicKey: webcrypto.CryptoKey | PublicKey;
  signingKey: webcrypto.CryptoKey;
  notBefore: Date;
  notAfter: Date;
  extensions: Extension[];
};

function generate(parameters: Parameters) {
  const serialNumber = `4${randomBytes(15).toString("hex")}0`.slice(0, 32);
  return X509CertificateGenerator.create({ serialNumber, signingAlgorithm: p256, ...parameters });
}

function ofCa() {
  return [
    new BasicConstraintsExtension(true, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ];
}

function sanOf(names: string[], critical: boolean): SubjectAlternativeNameExtension {
  return new SubjectAlternativeNameExtension(
    names.map((value) => ({ type: canonicalIp(value) === undefined ? ("dns" as const) : ("ip" as const), value })),
    critical,
  );
}

function before(clock: Clock): Date {
  return new Date(clock.now().getTime() - 86_400_000);
}

function after(clock: Clock, seconds: number): Date {
  return new Date(clock.now().getTime() + seconds * 1000);
}

function pem(certificate: { toString(format: "pem"): string }): string {
  return `${certificate.toString("pem")}\n`;
}

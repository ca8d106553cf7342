import type { KeyObject } from "node:crypto";
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { Attributes, CertificationRequest, CertificationRequestInfo } from "@peculiar/asn1-csr";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  Attribute,
  BasicConstraints,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  KeyUsage,
  SubjectPublicKeyInfo,
} from "@peculiar/asn1-x509";
import type { CsrRequest } from "../../core/deps.ts";
import { algorithmFor, type SignatureAlgorithm, signatureForms } from "../../core/signature-algorithm.ts";
import { encodeUsages } from "../../core/usage-codes.ts";
import { defaultUsages } from "../../core/usages.ts";
import { nameConstraints, subjectAltName } from "./extensions.ts";
import { nameOf } from "./name.ts";

export interface Csr {
  /** PKCS#10 (RFC 2986), DER. */
  der: Buffer;
  /** SHA-256 of the SubjectPublicKeyInfo's DER, lower-case hex. */
  publicKeyHash: string;
}

/** A signed certification request with the extensions and the signature algorithm that cert-manager would choose. */
export async function makeCsr(request: CsrRequest): Promise<Csr> {
  const privateKey = createPrivateKey({ key: Buffer.from(request.pkcs8), format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const info = new CertificationRequestInfo({
    subject: nameOf(request.subject ?? []),
    subjectPKInfo: AsnConvert.parse(publicKey, SubjectPublicKeyInfo),
    attributes: new Attributes(extensionRequest(request)),
  });
  const { digest, identifier } = signatureOf(privateKey, request.signatureAlgorithm);
  const signed = sign(digest, Buffer.from(AsnConvert.serialize(info)), privateKey);
  const csr = new CertificationRequest({
    certificationRequestInfo: info,
    signatureAlgorithm: identifier,
    signature: new Uint8Array(signed).buffer,
  });
  return {
    der: Buffer.from(AsnConvert.serialize(csr)),
    publicKeyHash: createHash("sha256").update(publicKey).digest("hex"),
  };
}

/** PKCS#9 extensionRequest (RFC 2985 5.4.2), unless there is nothing to ask for. */
function extensionRequest(request: CsrRequest): Attribute[] {
  const names = subjectAltName(request.names, request);
  const constraints = request.nameConstraints && nameConstraints(request.nameConstraints);
  const extensions = [
    ...(names ? [extension("2.5.29.17", !request.subject?.length, names)] : []),
    ...(request.encodeUsages ? usageExtensions(request) : []),
    ...(request.isCA ? [extension("2.5.29.19", true, AsnConvert.serialize(new BasicConstraints({ cA: true })))] : []),
    ...(constraints ? [extension("2.5.29.30", request.nameConstraints?.critical === true, constraints)] : []),
  ];
  if (extensions.length === 0) return [];
  const values = [AsnConvert.serialize(new Extensions(extensions))];
  return [new Attribute({ type: "1.2.840.113549.1.9.14", values })];
}

function usageExtensions({ usages, isCA }: CsrRequest): Extension[] {
  const asked = usages.length > 0 ? usages : defaultUsages;
  const { keyUsageBits, extendedOids } = encodeUsages(isCA ? [...new Set([...asked, "cert sign"])] : asked);
  const flags = keyUsageBits.reduce((sum, bit) => sum + 2 ** bit, 0);
  return [
    ...(flags > 0 ? [extension("2.5.29.15", true, AsnConvert.serialize(new KeyUsage(flags)))] : []),
    ...(extendedOids.length > 0
      ? [extension("2.5.29.37", false, AsnConvert.serialize(new ExtendedKeyUsage(extendedOids)))]
      : []),
  ];
}

function extension(extnID: string, critical: boolean, der: ArrayBuffer | Uint8Array): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(Uint8Array.from(new Uint8Array(der))) });
}

/** What was asked for, else SHA-256 for RSA under 3072 bits and P-256, SHA-384 under 4096 and for P-384, SHA-512 above and for P-521. */
function signatureOf(key: KeyObject, asked: SignatureAlgorithm | undefined) {
  const { digest, oid } = signatureForms[asked ?? algorithmFor(key, byBits)];
  return { digest, identifier: algorithmIdentifier(oid, key) };
}

function byBits(bits: number): SignatureAlgorithm {
  if (bits >= 4096) return "SHA512WithRSA";
  return bits >= 3072 ? "SHA384WithRSA" : "SHA256WithRSA";
}

/** RSA has NULL parameters (RFC 4055 5), the others none (RFC 5758 3.2, RFC 8410 3). */
function algorithmIdentifier(algorithm: string, { asymmetricKeyType }: KeyObject): AlgorithmIdentifier {
  return new AlgorithmIdentifier({ algorithm, ...(asymmetricKeyType === "rsa" && { parameters: null }) });
}

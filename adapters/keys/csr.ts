import type { KeyObject } from "node:crypto";
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { Attributes, CertificationRequest, CertificationRequestInfo } from "@peculiar/asn1-csr";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  Attribute,
  AttributeTypeAndValue,
  AttributeValue,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  KeyUsage,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectPublicKeyInfo,
} from "@peculiar/asn1-x509";
import { defaultUsages } from "../../core/usages.ts";
import { encodeUsages } from "./usages.ts";

export interface CsrRequest {
  /** The private key, PKCS#8 DER. */
  pkcs8: Uint8Array;
  /** A-labels for subjectAltName; wildcards with their `*.`. */
  names: readonly string[];
  /** Only when the spec names one: an empty subject makes subjectAltName critical (RFC 5280 4.2.1.6). */
  commonName?: string | undefined;
  /** cert-manager's words; none means `digital signature, key encipherment`. */
  usages: readonly string[];
  /** cert-manager's encodeUsagesInRequest: whether KeyUsage and ExtendedKeyUsage are asked for. */
  encodeUsages: boolean;
}

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
    subject: subjectOf(request.commonName),
    subjectPKInfo: AsnConvert.parse(publicKey, SubjectPublicKeyInfo),
    attributes: new Attributes([extensionRequest(request)]),
  });
  const { digest, identifier } = signatureOf(privateKey);
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

function subjectOf(commonName: string | undefined): Name {
  if (!commonName) return new Name([]);
  const value = new AttributeValue({ utf8String: commonName });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: "2.5.4.3", value })])]);
}

/** PKCS#9 extensionRequest (RFC 2985 5.4.2). */
function extensionRequest(request: CsrRequest): Attribute {
  const extensions: Extension[] = [];
  if (request.names.length > 0) extensions.push(subjectAltName(request.names, !request.commonName));
  if (request.encodeUsages) extensions.push(...usageExtensions(request.usages));
  return new Attribute({ type: "1.2.840.113549.1.9.14", values: [AsnConvert.serialize(new Extensions(extensions))] });
}

function subjectAltName(names: readonly string[], critical: boolean): Extension {
  const general = names.map((dNSName) => new GeneralName({ dNSName }));
  return extension("2.5.29.17", critical, new SubjectAlternativeName(general));
}

function usageExtensions(asked: readonly string[]): Extension[] {
  const { keyUsageBits, extendedOids } = encodeUsages(asked.length > 0 ? asked : defaultUsages);
  const flags = keyUsageBits.reduce((sum, bit) => sum + 2 ** bit, 0);
  return [
    ...(flags > 0 ? [extension("2.5.29.15", true, new KeyUsage(flags))] : []),
    ...(extendedOids.length > 0 ? [extension("2.5.29.37", false, new ExtendedKeyUsage(extendedOids))] : []),
  ];
}

function extension(extnID: string, critical: boolean, value: unknown): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

interface Signature {
  /** null: the algorithm hashes by itself. */
  digest: string | null;
  identifier: AlgorithmIdentifier;
}

/** SHA-256 for RSA under 3072 bits and P-256, SHA-384 under 4096 and for P-384, SHA-512 above and for P-521. */
function signatureOf(key: KeyObject): Signature {
  const { modulusLength = 0, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "ed25519") return signature(null, "1.3.101.112");
  if (key.asymmetricKeyType === "rsa") {
    if (modulusLength >= 4096) return signature("sha512", "1.2.840.113549.1.1.13", null);
    if (modulusLength >= 3072) return signature("sha384", "1.2.840.113549.1.1.12", null);
    return signature("sha256", "1.2.840.113549.1.1.11", null);
  }
  if (namedCurve === "secp521r1") return signature("sha512", "1.2.840.10045.4.3.4");
  if (namedCurve === "secp384r1") return signature("sha384", "1.2.840.10045.4.3.3");
  return signature("sha256", "1.2.840.10045.4.3.2");
}

/** RSA has NULL parameters (RFC 4055 5), the others none (RFC 5758 3.2, RFC 8410 3). */
function signature(digest: string | null, algorithm: string, parameters?: null): Signature {
  return { digest, identifier: new AlgorithmIdentifier({ algorithm, ...(parameters === null && { parameters }) }) };
}

import { createHash, type KeyObject, randomBytes, sign } from "node:crypto";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  type AlgorithmIdentifier,
  Certificate,
  Extensions,
  type Name,
  type SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from "@peculiar/asn1-x509";
import type { SignatureAlgorithm } from "../../../core/signature-algorithm.ts";
import type { SigningOrder } from "../../../core/signing-port.ts";
import { extensionsOf } from "./extensions.ts";
import { readRequest } from "./request.ts";
import { signatureOf } from "./signature.ts";

/** Who signs: itself when there is no certificate. */
export interface Authority {
  key: KeyObject;
  certificate?: { subject: Name; keyIdentifier: ArrayBuffer | undefined } | undefined;
  /** cert-manager's word, such as SHA384WithRSA; by the key when absent. */
  signatureAlgorithm?: SignatureAlgorithm | undefined;
}

/** One certificate, PEM: what cert-manager, through Go's x509.CreateCertificate, makes of the same request. */
export function signCertificate(order: SigningOrder, authority: Authority): string {
  const { digest, identifier } = signatureOf(authority.key, authority.signatureAlgorithm);
  const tbs = toBeSigned(order, authority, identifier);
  const certificate = new Certificate({
    tbsCertificate: tbs,
    signatureAlgorithm: identifier,
    signatureValue: new Uint8Array(sign(digest, Buffer.from(AsnConvert.serialize(tbs)), authority.key)).buffer,
  });
  return pem(Buffer.from(AsnConvert.serialize(certificate)));
}

function toBeSigned(order: SigningOrder, authority: Authority, signature: AlgorithmIdentifier): TBSCertificate {
  const request = readRequest(order.csr);
  const issuer = authority.certificate?.subject ?? request.subject;
  // Go leaves it out where issuer and subject have the same name.
  const named = !same(issuer, request.subject);
  const extensions = extensionsOf(order, {
    request,
    subjectKeyIdentifier: order.isCA ? keyIdentifierOf(request.publicKey) : undefined,
    authorityKeyIdentifier: named ? authority.certificate?.keyIdentifier : undefined,
  });
  return new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(),
    signature,
    issuer,
    validity: new Validity({ notBefore: order.notBefore, notAfter: order.notAfter }),
    subject: request.subject,
    subjectPublicKeyInfo: request.publicKey,
    extensions: new Extensions(extensions),
  });
}

/** 128 bits by chance, positive and always of the same length (RFC 5280 4.1.2.2). */
function serialNumber(): ArrayBuffer {
  const bytes = new Uint8Array(randomBytes(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.buffer;
}

/** The leftmost 160 bits of SHA-256 over the key (RFC 7093 2, method 1), as Go has it since 1.25. */
function keyIdentifierOf(key: SubjectPublicKeyInfo): OctetString {
  return new OctetString(createHash("sha256").update(Buffer.from(key.subjectPublicKey)).digest().subarray(0, 20));
}

function same(one: Name, other: Name): boolean {
  return Buffer.from(AsnConvert.serialize(one)).equals(Buffer.from(AsnConvert.serialize(other)));
}

function pem(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

import { createHmac, pbkdf2Sync } from "node:crypto";
import {
  ContentInfo,
  id_data as dataOid,
  EncryptedContent,
  EncryptedContentInfo,
  id_encryptedData as encryptedDataOid,
} from "@peculiar/asn1-cms";
import {
  AuthenticatedSafe,
  CertBag,
  id_certBag as certBagOid,
  MacData,
  PFX,
  PKCS12Attribute,
  SafeBag,
  id_x509Certificate as x509Oid,
} from "@peculiar/asn1-pfx";
import { DigestInfo } from "@peculiar/asn1-rsa";
import { AsnBmpStringConverter, AsnConvert, AsnObjectIdentifierConverter, OctetString } from "@peculiar/asn1-schema";
import { AlgorithmIdentifier } from "@peculiar/asn1-x509";
import { pkcs12Key, purpose } from "./pkcs12-key.ts";
import { algorithm, type Encrypted, hmacSha256Oid, iterations, type Profile } from "./pkcs12-profiles.ts";
import { EncryptedData, Pbkdf2WithLength, Pbmac1Parameters } from "./pkcs12-schema.ts";
import type { Salts } from "./salts.ts";

/** Says to Java that an entry is trusted, for any purpose (Oracle's attribute, and anyExtendedKeyUsage). */
const trustedKeyUsage = { oid: "2.16.840.1.113894.746875.1.1", any: "2.5.29.37.0" };
const friendlyNameOid = "1.2.840.113549.1.9.20";
const pbmac1Oid = "1.2.840.113549.1.5.14";

/** A PFX (RFC 7292 4); without a seal it is not authenticated. */
export function pfxOf(
  contents: ContentInfo[],
  seal: { profile: Profile; password: string; salts: Salts } | undefined,
): Uint8Array {
  const authenticated = AsnConvert.serialize(new AuthenticatedSafe(contents));
  const macData = seal && macOf(new Uint8Array(authenticated), seal);
  const pfx = Object.assign(new PFX({ authSafe: dataInfo(authenticated) }), { macData });
  return new Uint8Array(AsnConvert.serialize(pfx));
}

/** One certificate, DER. */
export function certificateBag(der: Uint8Array, attributes: PKCS12Attribute[]): SafeBag {
  const certBag = new CertBag({ certId: x509Oid, certValue: octets(der) });
  const bag = new SafeBag({ bagId: certBagOid, bagValue: AsnConvert.serialize(certBag) });
  return attributes.length > 0 ? Object.assign(bag, { bagAttributes: attributes }) : bag;
}

/** What makes a certificate an entry that Java trusts, under this name. */
export function trustedUnder(name: string): PKCS12Attribute[] {
  return [
    attribute(friendlyNameOid, AsnBmpStringConverter.toASN(name).toBER()),
    attribute(trustedKeyUsage.oid, AsnObjectIdentifierConverter.toASN(trustedKeyUsage.any).toBER()),
  ];
}

/** An attribute of a bag; the value in DER. */
export function attribute(attrId: string, value: ArrayBuffer): PKCS12Attribute {
  // The constructor of 2.11.1 drops what it is given.
  return Object.assign(new PKCS12Attribute(), { attrId, attrValues: [value] });
}

/** Contents in clear. */
export function dataInfo(content: ArrayBuffer): ContentInfo {
  return new ContentInfo({ contentType: dataOid, content: octets(content) });
}

/** Encrypted contents. */
export function encryptedInfo({ algorithm, bytes }: Encrypted): ContentInfo {
  const content = new EncryptedContentInfo({
    contentType: dataOid,
    contentEncryptionAlgorithm: algorithm,
    encryptedContent: new EncryptedContent({ value: new OctetString(bytes) }),
  });
  const sealed = Object.assign(new EncryptedData(), { content });
  return new ContentInfo({ contentType: encryptedDataOid, content: AsnConvert.serialize(sealed) });
}

/** DER of an OCTET STRING. */
export function octets(bytes: ArrayBuffer | Uint8Array): ArrayBuffer {
  return AsnConvert.serialize(new OctetString(new Uint8Array(bytes)));
}

type Seal = { profile: Profile; password: string; salts: Salts };

function macOf(content: Uint8Array, seal: Seal): MacData {
  return seal.profile.mac === "pbmac1" ? pbmac1(content, seal) : hmac(content, seal);
}

/** HMAC by a key of PKCS#12's own derivation (RFC 7292 4). */
function hmac(content: Uint8Array, { profile, password, salts }: Seal): MacData {
  const { hash, hashOid, hashBytes, saltBytes } = profile;
  const salt = salts("mac", saltBytes);
  const key = pkcs12Key({ hash, password, salt, iterations, id: purpose.mac, length: hashBytes });
  const digest = createHmac(hash, key).update(content).digest();
  return macData(new AlgorithmIdentifier({ algorithm: hashOid, parameters: null }), digest, salt, iterations);
}

/** PBMAC1 with PBKDF2 and HMAC, both by SHA-256; salt and count outside its parameters are not used (RFC 9879 4 and 5). */
function pbmac1(content: Uint8Array, { profile, password, salts }: Seal): MacData {
  const { hash, hashBytes: keyLength, saltBytes } = profile;
  const salt = salts("mac", saltBytes);
  const prf = new AlgorithmIdentifier({ algorithm: hmacSha256Oid, parameters: null });
  const derivation = { salt: new OctetString(salt), iterations, keyLength, prf };
  const parameters = Object.assign(new Pbmac1Parameters(), {
    keyDerivation: algorithm("1.2.840.113549.1.5.12", Object.assign(new Pbkdf2WithLength(), derivation)),
    scheme: prf,
  });
  const key = pbkdf2Sync(password, salt, iterations, keyLength, hash);
  const digest = createHmac(hash, key).update(content).digest();
  return macData(algorithm(pbmac1Oid, parameters), digest, Buffer.from("NOT USED"), 1);
}

function macData(digestAlgorithm: AlgorithmIdentifier, digest: Buffer, salt: Buffer, count: number): MacData {
  const mac = new DigestInfo({ digestAlgorithm, digest: new OctetString(digest) });
  return new MacData({ mac, macSalt: new OctetString(salt), iterations: count });
}

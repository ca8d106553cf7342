import { createHmac, randomBytes, X509Certificate } from "node:crypto";
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
  SafeContents,
  id_x509Certificate as x509Oid,
} from "@peculiar/asn1-pfx";
import { DigestInfo } from "@peculiar/asn1-rsa";
import { AsnBmpStringConverter, AsnConvert, AsnObjectIdentifierConverter, OctetString } from "@peculiar/asn1-schema";
import { AlgorithmIdentifier } from "@peculiar/asn1-x509";
import { aliasOf } from "./alias.ts";
import { pkcs12Key, purpose } from "./pkcs12-key.ts";
import { type Encrypted, iterations, type Pkcs12Profile, type Profile, profiles } from "./pkcs12-profiles.ts";
import { EncryptedData } from "./pkcs12-schema.ts";

/** Says to Java that an entry is trusted, for any purpose (Oracle's attribute, and anyExtendedKeyUsage). */
const trustedKeyUsage = { oid: "2.16.840.1.113894.746875.1.1", any: "2.5.29.37.0" };
const friendlyNameOid = "1.2.840.113549.1.9.20";

/**
 * A truststore in PKCS#12 (RFC 7292): DER certificates that Java takes as trusted entries. An empty password gives a file that is
 * neither encrypted nor authenticated, whatever the profile, as trust-manager does. Salts make each call's bytes differ.
 */
export function pkcs12(certificates: Uint8Array[], password: string, name: Pkcs12Profile): Uint8Array {
  const bags = new SafeContents(certificates.map((der) => bagOf(new X509Certificate(der))));
  const contents = AsnConvert.serialize(bags);
  const profile = password === "" ? undefined : profiles[name];
  const content = profile ? encryptedInfo(profile.encrypt(new Uint8Array(contents), password)) : dataInfo(contents);
  const authenticated = AsnConvert.serialize(new AuthenticatedSafe([content]));
  const macData = profile && macOf(authenticated, password, profile);
  const pfx = Object.assign(new PFX({ authSafe: dataInfo(authenticated) }), { macData });
  return new Uint8Array(AsnConvert.serialize(pfx));
}

function bagOf(certificate: X509Certificate): SafeBag {
  const certBag = new CertBag({ certId: x509Oid, certValue: octets(certificate.raw) });
  return new SafeBag({
    bagId: certBagOid,
    bagValue: AsnConvert.serialize(certBag),
    bagAttributes: [
      attribute(friendlyNameOid, AsnBmpStringConverter.toASN(aliasOf(certificate)).toBER()),
      attribute(trustedKeyUsage.oid, AsnObjectIdentifierConverter.toASN(trustedKeyUsage.any).toBER()),
    ],
  });
}

function attribute(attrId: string, value: ArrayBuffer): PKCS12Attribute {
  // The constructor of 2.11.1 drops what it is given.
  return Object.assign(new PKCS12Attribute(), { attrId, attrValues: [value] });
}

/** HMAC by a key of PKCS#12's own derivation (RFC 7292 4). */
function macOf(content: ArrayBuffer, password: string, { hash, hashOid, hashBytes, saltBytes }: Profile): MacData {
  const salt = randomBytes(saltBytes);
  const key = pkcs12Key({ hash, password, salt, iterations, id: purpose.mac, length: hashBytes });
  const digest = createHmac(hash, key).update(new Uint8Array(content)).digest();
  const mac = new DigestInfo({
    digestAlgorithm: new AlgorithmIdentifier({ algorithm: hashOid, parameters: null }),
    digest: new OctetString(digest),
  });
  return new MacData({ mac, macSalt: new OctetString(salt), iterations });
}

function dataInfo(content: ArrayBuffer): ContentInfo {
  return new ContentInfo({ contentType: dataOid, content: octets(content) });
}

function encryptedInfo({ algorithm, bytes }: Encrypted): ContentInfo {
  const content = new EncryptedContentInfo({
    contentType: dataOid,
    contentEncryptionAlgorithm: algorithm,
    encryptedContent: new EncryptedContent({ value: new OctetString(bytes) }),
  });
  const sealed = Object.assign(new EncryptedData(), { content });
  return new ContentInfo({ contentType: encryptedDataOid, content: AsnConvert.serialize(sealed) });
}

function octets(bytes: ArrayBuffer | Uint8Array): ArrayBuffer {
  return AsnConvert.serialize(new OctetString(new Uint8Array(bytes)));
}

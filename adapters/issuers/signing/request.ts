import { CertificationRequest } from "@peculiar/asn1-csr";
import { AsnConvert } from "@peculiar/asn1-schema";
import { type Extension, Extensions, type Name, type SubjectPublicKeyInfo } from "@peculiar/asn1-x509";

/** What a request (RFC 2986) asks for. */
export interface ReadRequest {
  subject: Name;
  publicKey: SubjectPublicKeyInfo;
  /** The extension of this OID, if it asks for one. */
  extension(oid: string): Extension | undefined;
}

/** Reads PKCS#10 in DER; our own step has made and signed it. */
export function readRequest(der: Uint8Array): ReadRequest {
  const { certificationRequestInfo: info } = AsnConvert.parse(der, CertificationRequest);
  const values = info.attributes.find(({ type }) => type === "1.2.840.113549.1.9.14")?.values ?? [];
  const asked = values.flatMap((value) => [...AsnConvert.parse(value, Extensions)]);
  return {
    subject: info.subject,
    publicKey: info.subjectPKInfo,
    extension: (oid) => asked.find(({ extnID }) => extnID === oid),
  };
}

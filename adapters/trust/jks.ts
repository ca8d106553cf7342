import { X509Certificate } from "node:crypto";
import { aliasOf } from "./alias.ts";
import { jksFile, trustedEntry } from "./jks-file.ts";

/**
 * A truststore in Sun's format JKS: DER certificates as trusted entries, whose creation date is their notBefore, so that the same
 * input gives the same bytes. Nothing is encrypted.
 */
export function jks(certificates: Uint8Array[], password: string): Uint8Array {
  const entries = certificates.map((der) => {
    const certificate = new X509Certificate(der);
    return trustedEntry(aliasOf(certificate), certificate.raw, certificate.validFromDate);
  });
  return jksFile(entries, password);
}

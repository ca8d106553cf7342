import { randomBytes, X509Certificate } from "node:crypto";
import { SafeContents } from "@peculiar/asn1-pfx";
import { AsnConvert } from "@peculiar/asn1-schema";
import { aliasOf } from "./alias.ts";
import { certificateBag, dataInfo, encryptedInfo, pfxOf, trustedUnder } from "./pkcs12-file.ts";
import { type Pkcs12Profile, profiles } from "./pkcs12-profiles.ts";

/**
 * A truststore in PKCS#12 (RFC 7292): DER certificates that Java takes as trusted entries. An empty password gives a file that is
 * neither encrypted nor authenticated, whatever the profile, as trust-manager does. Salts make each call's bytes differ.
 */
export function pkcs12(certificates: Uint8Array[], password: string, name: Pkcs12Profile): Uint8Array {
  const bags = certificates.map((der) => new X509Certificate(der));
  const contents = AsnConvert.serialize(
    new SafeContents(bags.map((certificate) => certificateBag(certificate.raw, trustedUnder(aliasOf(certificate))))),
  );
  if (password === "") return pfxOf([dataInfo(contents)], undefined);
  const profile = profiles[name];
  const salts = (_use: string, bytes: number) => randomBytes(bytes);
  const encrypted = profile.encrypt(new Uint8Array(contents), password, salts);
  return pfxOf([encryptedInfo(encrypted)], { profile, password, salts });
}

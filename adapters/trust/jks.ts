import { createHash, X509Certificate } from "node:crypto";
import { aliasOf } from "./alias.ts";

const magic = 0xfeedfeed;
const version = 2;
const trustedCertificate = 2;

/** What Sun's keystore hashes between the password and the entries. */
const whitener = "Mighty Aphrodite";

/**
 * A truststore in Sun's format JKS: DER certificates as trusted entries, whose creation date is their notBefore, so that the same
 * input gives the same bytes. Nothing is encrypted; the password only keys the SHA-1 at the end.
 */
export function jks(certificates: Uint8Array[], password: string): Uint8Array {
  const body = Buffer.concat([
    int32(magic),
    int32(version),
    int32(certificates.length),
    ...certificates.flatMap((der) => entry(new X509Certificate(der))),
  ]);
  const keyed = createHash("sha1").update(Buffer.from(password, "utf16le").swap16()).update(whitener).update(body);
  return Buffer.concat([body, keyed.digest()]);
}

function entry(certificate: X509Certificate): Buffer[] {
  const { raw } = certificate;
  const createdAt = Buffer.alloc(8);
  createdAt.writeBigInt64BE(BigInt(certificate.validFromDate.getTime()));
  return [int32(trustedCertificate), utf(aliasOf(certificate)), createdAt, utf("X.509"), int32(raw.length), raw];
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** What java.io.DataOutput.writeUTF writes, for text without NUL and surrogates. */
function utf(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

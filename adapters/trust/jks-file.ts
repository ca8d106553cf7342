import { createHash } from "node:crypto";

const magic = 0xfeedfeed;
const version = 2;
const privateKey = 1;
const trustedCertificate = 2;

/** What Sun's keystore hashes between the password and the entries. */
const whitener = "Mighty Aphrodite";

/** A file in Sun's format JKS; the password only keys the SHA-1 at the end. Entries have an alias each, in lower case. */
export function jksFile(entries: Buffer[], password: string): Uint8Array {
  const body = Buffer.concat([int32(magic), int32(version), int32(entries.length), ...entries]);
  const keyed = createHash("sha1").update(jksPassword(password)).update(whitener).update(body);
  return Buffer.concat([body, keyed.digest()]);
}

/** A certificate that Java trusts; DER. */
export function trustedEntry(alias: string, certificate: Uint8Array, createdAt: Date): Buffer {
  return Buffer.concat([int32(trustedCertificate), utf(alias), instant(createdAt), certificateBytes(certificate)]);
}

/** A private key, as an EncryptedPrivateKeyInfo in DER, and its chain, leaf first, in DER. */
export function privateKeyEntry(alias: string, key: Uint8Array, chain: Uint8Array[], createdAt: Date): Buffer {
  const certificates = chain.map(certificateBytes);
  const head = [int32(privateKey), utf(alias), instant(createdAt), int32(key.length), key, int32(chain.length)];
  return Buffer.concat([...head, ...certificates]);
}

/** A password as Java hashes it. */
export function jksPassword(password: string): Buffer {
  return Buffer.from(password, "utf16le").swap16();
}

function certificateBytes(der: Uint8Array): Buffer {
  return Buffer.concat([utf("X.509"), int32(der.length), der]);
}

function instant(time: Date): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(time.getTime()));
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** What java.io.DataOutput.writeUTF writes: each unit of UTF-16 by itself, and NUL in two bytes. */
function utf(text: string): Buffer {
  const bytes = Buffer.concat(Array.from({ length: text.length }, (_, index) => unit(text.charCodeAt(index))));
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function unit(code: number): Buffer {
  if (code > 0 && code < 0x80) return Buffer.from([code]);
  if (code < 0x800) return Buffer.from([0xc0 | (code >> 6), 0x80 | (code & 0x3f)]);
  return Buffer.from([0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)]);
}

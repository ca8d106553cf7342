import { createCipheriv, pbkdf2Sync } from "node:crypto";
import {
  id_pbewithSHAAnd40BitRC2_CBC as rc2Oid,
  id_pbeWithSHAAnd3_KeyTripleDES_CBC as tripleDesOid,
} from "@peculiar/asn1-pfx";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import { AlgorithmIdentifier } from "@peculiar/asn1-x509";
import type { KeystoreProfile } from "../../core/keystore-fields.ts";
import { pkcs12Key, purpose } from "./pkcs12-key.ts";
import { PbeParameters, Pbes2Parameters, Pbkdf2Parameters } from "./pkcs12-schema.ts";
import { rc2Cbc } from "./rc2.ts";
import type { Salts } from "./salts.ts";

/** Those that trust-manager knows. */
export type Pkcs12Profile = Exclude<KeystoreProfile, "Modern2026">;

/** Bytes, and what is needed beside the password to read them. */
export interface Encrypted {
  algorithm: AlgorithmIdentifier;
  bytes: Buffer;
}

export interface Profile {
  /** Of the MAC. */
  hash: "sha1" | "sha256";
  hashOid: string;
  hashBytes: number;
  saltBytes: number;
  /** Of RFC 7292, or of RFC 9879. */
  mac: "hmac" | "pbmac1";
  encrypt: Encrypt;
  /** For private keys. */
  encryptKey: Encrypt;
}

type Encrypt = (contents: Uint8Array, password: string, salts: Salts) => Encrypted;

/** Of every derivation. */
export const iterations = 2_048;

export const hmacSha256Oid = "1.2.840.113549.2.9";

const sha1 = { hash: "sha1", hashOid: "1.3.14.3.2.26", hashBytes: 20, saltBytes: 8, mac: "hmac" } as const;
const sha256 = {
  hash: "sha256",
  hashOid: "2.16.840.1.101.3.4.2.1",
  hashBytes: 32,
  saltBytes: 16,
  mac: "hmac",
} as const;
const rc2 = pbe(rc2Oid, 5, rc2Cbc);
const tripleDes = pbe(tripleDesOid, 24, (bytes, key, iv) => encipher("des-ede3-cbc", bytes, key, iv));

/**
 * What the names of cert-manager and trust-manager mean (https://pkg.go.dev/software.sslmate.com/src/go-pkcs12). Modern2026 is
 * Modern2023 with PBMAC1: OpenSSL reads it from 3.4 on, Java from 26 on.
 */
export const profiles: Record<KeystoreProfile, Profile> = {
  LegacyRC2: { ...sha1, encrypt: rc2, encryptKey: tripleDes },
  LegacyDES: { ...sha1, encrypt: tripleDes, encryptKey: tripleDes },
  Modern2023: { ...sha256, encrypt: pbes2, encryptKey: pbes2 },
  Modern2026: { ...sha256, mac: "pbmac1", encrypt: pbes2, encryptKey: pbes2 },
};

/** PKCS#12's own password-based encryption (RFC 7292 C). */
function pbe(oid: string, keyBytes: number, cipher: (bytes: Uint8Array, key: Buffer, iv: Buffer) => Buffer): Encrypt {
  return (contents, password, salts) => {
    const salt = salts("pbe", sha1.saltBytes);
    const derived = { hash: sha1.hash, password, salt, iterations };
    const key = pkcs12Key({ ...derived, id: purpose.key, length: keyBytes });
    const iv = pkcs12Key({ ...derived, id: purpose.iv, length: 8 });
    const parameters = Object.assign(new PbeParameters(), { salt: new OctetString(salt), iterations });
    return { algorithm: algorithm(oid, parameters), bytes: cipher(contents, key, iv) };
  };
}

/** PBES2 with PBKDF2, HMAC-SHA-256 and AES-256-CBC (RFC 8018 6.2). */
function pbes2(contents: Uint8Array, password: string, salts: Salts): Encrypted {
  const [salt, iv] = [salts("pbkdf2", sha256.saltBytes), salts("iv", 16)];
  const key = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const prf = new AlgorithmIdentifier({ algorithm: hmacSha256Oid, parameters: null });
  const derivation = Object.assign(new Pbkdf2Parameters(), { salt: new OctetString(salt), iterations, prf });
  const parameters = Object.assign(new Pbes2Parameters(), {
    keyDerivation: algorithm("1.2.840.113549.1.5.12", derivation),
    encryption: algorithm("2.16.840.1.101.3.4.1.42", new OctetString(iv)),
  });
  return {
    algorithm: algorithm("1.2.840.113549.1.5.13", parameters),
    bytes: encipher("aes-256-cbc", contents, key, iv),
  };
}

/** An algorithm with its parameters, which are serialized. */
export function algorithm(oid: string, parameters: object): AlgorithmIdentifier {
  return new AlgorithmIdentifier({ algorithm: oid, parameters: AsnConvert.serialize(parameters) });
}

function encipher(name: string, bytes: Uint8Array, key: Buffer, iv: Buffer): Buffer {
  const cipher = createCipheriv(name, key, iv);
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}

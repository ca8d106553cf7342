import { createHash, X509Certificate } from "node:crypto";
import { PKCS8ShroudedKeyBag } from "@peculiar/asn1-pfx";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import { AlgorithmIdentifier } from "@peculiar/asn1-x509";
import type { Keystore, KeystoreContent } from "../../core/deps.ts";
import { jksFile, jksPassword, privateKeyEntry, trustedEntry } from "./jks-file.ts";
import { saltsOf } from "./salts.ts";

/** Sun's key protector (https://metastatic.org/source/JKS.html). */
const protectorOid = "1.3.6.1.4.1.42.2.17.1.1";
const hashBytes = 20;
const caAlias = "ca";

/**
 * Key and chain under the alias, and the CA under `ca` beside it and in a truststore of its own, as cert-manager has them
 * (pkg/controller/certificates/issuing/internal/keystore.go). The same input gives the same bytes.
 */
export function jksKeystore(
  content: KeystoreContent,
  { alias, password }: { alias: string; password: string },
): Keystore {
  const createdAt = content.chain[0] ? new X509Certificate(content.chain[0]).validFromDate : new Date(0);
  const salt = saltsOf(content, password)("jks", hashBytes);
  const key = privateKeyEntry(alias, protectedKey(content.keyPkcs8, password, salt), content.chain, createdAt);
  const ca = content.ca[0] && trustedEntry(caAlias, content.ca[0], createdAt);
  const keystore = jksFile(ca && alias !== caAlias ? [key, ca] : [key], password);
  return { keystore, ...(ca ? { truststore: jksFile([ca], password) } : {}) };
}

/** The key mixed with a stream of SHA-1 of the password, between the salt and a digest that proves the password. */
function protectedKey(pkcs8: Uint8Array, password: string, salt: Buffer): Uint8Array {
  const secret = jksPassword(password);
  const hashed = (bytes: Uint8Array) => createHash("sha1").update(secret).update(bytes).digest();
  const mixed = Buffer.from(pkcs8);
  let block: Buffer = salt;
  for (let at = 0; at < mixed.length; at += hashBytes) {
    block = hashed(block);
    for (let index = at; index < Math.min(at + hashBytes, mixed.length); index += 1)
      mixed[index] = (mixed[index] ?? 0) ^ (block[index - at] ?? 0);
  }
  const info = new PKCS8ShroudedKeyBag({
    encryptionAlgorithm: new AlgorithmIdentifier({ algorithm: protectorOid, parameters: null }),
    encryptedData: new OctetString(Buffer.concat([salt, mixed, hashed(pkcs8)])),
  });
  return new Uint8Array(AsnConvert.serialize(info));
}

import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listKeystore } from "../keytool.ts";
import type { Golden } from "./corpus.ts";
import type { IssuedSecret } from "./openssl.ts";

/** Entries of a keystore as `alias kind: tls.crt[0], tls.crt[1], ca.crt`: which certificates of the secret it holds. */
export async function keystoreEntries(
  file: string,
  { password }: NonNullable<Golden["keystores"]>[string],
  secret: IssuedSecret,
): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "golden-"));
  try {
    const path = join(folder, file);
    writeFileSync(path, Buffer.from(secret[file] ?? "", "base64"));
    const known = new Map([...named(secret, "ca.crt"), ...named(secret, "tls.crt")]);
    const entries = await listKeystore(path, password);
    return entries
      .map(
        ({ alias, kind, fingerprints }) =>
          `${alias} ${kind}: ${fingerprints.map((one) => known.get(one) ?? one).join(", ")}`,
      )
      .sort();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** SHA-256 fingerprints as keytool prints them. */
function named(secret: IssuedSecret, key: string): [string, string][] {
  const blocks = secret[key]?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((pem, index) => [
    new X509Certificate(pem).fingerprint256,
    key === "ca.crt" ? key : `${key}[${index}]`,
  ]);
}

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** `rsaEncryption 2048`, `prime256v1 256`: the key of the first certificate of a PEM text. */
export async function keyOfCertificate(pem: string): Promise<string> {
  const shown = await openssl(["x509", "-noout", "-text"], pem);
  const algorithm = /Public Key Algorithm: (\S+)/.exec(shown)?.[1];
  const curve = /ASN1 OID: (\S+)/.exec(shown)?.[1];
  return `${curve ?? algorithm} ${/Public-Key: \((\d+) bit/.exec(shown)?.[1]}`;
}

/** The text of a certificate request, DER. */
export function showRequest(der: Uint8Array): Promise<string> {
  return openssl(["req", "-inform", "DER", "-noout", "-text", "-verify", "-nameopt", "utf8,sep_comma_plus"], der);
}

/** What openssl answers to `input`. */
async function openssl(args: string[], input: string | Uint8Array): Promise<string> {
  const running = promisify(execFile)("openssl", args);
  running.child.stdin?.end(input);
  return (await running).stdout;
}

/** `stdin: OK`, or what openssl has against a chain, leaf first, under a trusted certificate. */
export async function verifiedByOpenssl(chain: string, trusted: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "certwright-openssl-"));
  try {
    const [ca, untrusted] = [join(folder, "ca.pem"), join(folder, "chain.pem")];
    writeFileSync(ca, trusted);
    writeFileSync(untrusted, chain);
    return (await openssl(["verify", "-x509_strict", "-CAfile", ca, "-untrusted", untrusted], chain)).trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

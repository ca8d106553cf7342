import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/** What openssl answers to `input`; it gets keys by its standard input only. */
export async function openssl(args: string[], input: string | Uint8Array): Promise<string> {
  const child = spawn("openssl", args);
  child.stdin.end(input);
  const [out, problem, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  if (code !== 0) throw new Error(`openssl ${args[0]}: ${problem}`);
  return out;
}

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

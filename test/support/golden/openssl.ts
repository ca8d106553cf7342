import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ExpectedX509 } from "./corpus.ts";

/** The values of a stored secret's keys. */
export type IssuedSecret = Record<string, string>;

/** What openssl prints of a secret, and what it should print of an expectation, in the same words. */
export interface OpensslView {
  subject: string[];
  extensions: Record<string, string[]>;
  verify: string;
  keyFits: boolean;
}

const run = promisify(execFile);
const attributes: Record<string, string> = { STREET: "street", SERIALNUMBER: "serialNumber", POSTALCODE: "postalCode" };
const strings: Record<string, string> = { printable: "PRINTABLESTRING", utf8: "UTF8STRING" };
const keyUsages: Record<string, string> = {
  "digital signature": "Digital Signature",
  "content commitment": "Non Repudiation",
  "key encipherment": "Key Encipherment",
  "data encipherment": "Data Encipherment",
  "key agreement": "Key Agreement",
  "cert sign": "Certificate Sign",
  "crl sign": "CRL Sign",
  "encipher only": "Encipher Only",
  "decipher only": "Decipher Only",
};
const extendedUsages: Record<string, string> = {
  any: "Any Extended Key Usage",
  "server auth": "TLS Web Server Authentication",
  "client auth": "TLS Web Client Authentication",
  "code signing": "Code Signing",
  "email protection": "E-mail Protection",
  "ipsec end system": "IPSec End System",
  "ipsec tunnel": "IPSec Tunnel",
  "ipsec user": "IPSec User",
  timestamping: "Time Stamping",
  "ocsp signing": "OCSP Signing",
  "microsoft sgc": "Microsoft Server Gated Crypto",
  "netscape sgc": "Netscape Server Gated Crypto",
};

/** What openssl should print of this. */
export function expectedView(x509: ExpectedX509): OpensslView {
  const critical = (name: string) => (x509.extensions.includes(`${name}!`) ? ["critical"] : []);
  const names = x509.names.flatMap((name) => (name.startsWith("otherName:") ? [] : [nameShown(name)]));
  const has = (name: string) => x509.extensions.some((one) => one.replace("!", "") === name);
  return {
    subject: x509.subject.map((rdn) => rdn.map(pairShown).join(" + ")),
    extensions: {
      "X509v3 Basic Constraints": ["critical", `CA:${x509.ca ? "TRUE" : "FALSE"}`],
      ...(has("keyUsage") ? { "X509v3 Key Usage": ["critical", ...words(x509.keyUsage, keyUsages)] } : {}),
      ...(has("extendedKeyUsage") ? { "X509v3 Extended Key Usage": words(x509.extendedKeyUsage, extendedUsages) } : {}),
      ...(has("subjectAltName")
        ? { "X509v3 Subject Alternative Name": [...critical("subjectAltName"), ...names] }
        : {}),
    },
    verify: "OK",
    keyFits: true,
  };
}

/** What openssl prints of the first certificate, whether it verifies up to ca.crt, and whether tls.key is its key. */
export async function opensslView(secret: IssuedSecret): Promise<OpensslView> {
  const [chain = "", key = "", ca = ""] = [secret["tls.crt"], secret["tls.key"], secret["ca.crt"]];
  const nameopt = "utf8,show_type,sep_multiline,sname";
  const text = await openssl(
    [
      "x509",
      "-noout",
      "-subject",
      "-nameopt",
      nameopt,
      "-ext",
      "basicConstraints,keyUsage,extendedKeyUsage,subjectAltName",
    ],
    chain,
  );
  const [publicOfCertificate, publicOfKey] = await Promise.all([
    openssl(["x509", "-noout", "-pubkey"], chain),
    openssl(["pkey", "-pubout"], key),
  ]);
  return {
    subject: subjectIn(text),
    extensions: extensionsIn(text),
    verify: await verified(chain, ca),
    keyFits: publicOfCertificate === publicOfKey,
  };
}

function pairShown(pair: string): string {
  const [, type = "", string = "", value = ""] = /^(\S+) (\S+) (.*)$/s.exec(pair) ?? [];
  return `${attributes[type] ?? type}=${strings[string]}:${value}`;
}

function nameShown(name: string): string {
  const address = /^IP:(.*)$/.exec(name)?.[1];
  if (address === undefined) return name;
  return `IP Address:${address.includes(":") ? longAddress(address) : address}`;
}

/** openssl neither shortens an address nor pads its words. */
function longAddress(address: string): string {
  const [head = [], tail = []] = address.split("::").map((half) => half.split(":").filter((word) => word !== ""));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => "0");
  return [...head, ...zeros, ...tail].join(":").toUpperCase();
}

function words(usages: string[], shown: Record<string, string>): string[] {
  return usages.map((usage) => shown[usage] ?? usage);
}

function subjectIn(text: string): string[] {
  const block = /^subject=(.*?)(?=^X509v3|(?![\s\S]))/ms.exec(text)?.[1] ?? "";
  return block.split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.replace(/^ {4}/, "")]));
}

function extensionsIn(text: string): Record<string, string[]> {
  const found = [...text.matchAll(/^(X509v3 [^:]+): ?(critical)?\s*\n +(.*)$/gm)];
  return Object.fromEntries(
    found.map(([, name = "", critical, values = ""]) => {
      const shown = values.split(", ").filter((value) => value !== "" && !/^othername:/i.test(value));
      return [name, [...(critical ? [critical] : []), ...shown]];
    }),
  );
}

async function verified(chain: string, ca: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "golden-"));
  try {
    const file = (name: string, content: string) => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const certificates = ["-CAfile", file("ca.pem", ca), "-untrusted", file("chain.pem", chain)];
    const { stdout } = await run("openssl", ["verify", "-no_check_time", ...certificates, file("leaf.pem", chain)]);
    return stdout.trim().split(": ").at(-1) ?? "";
  } catch (error) {
    return (error as { stderr?: string }).stderr ?? String(error);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function openssl(args: string[], input: string): Promise<string> {
  const running = run("openssl", args);
  running.child.stdin?.end(input);
  return (await running).stdout;
}

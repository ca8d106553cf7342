import { fromNow, span } from "../durations.ts";
import { type Cell, fields, table } from "../table.ts";
import type { Inspection } from "./inspection.ts";
import type { RevocationStatus } from "./revocation.ts";
import type { Trust } from "./trust.ts";

/** The text of `inspect secret`, laid out as cmctl's. */
export function inspectionText(seen: Inspection, now: number, colour: boolean): string {
  const section = (title: string, pairs: [string, string | undefined][]) => `${title}:\n${fields(pairs, "  ")}`;
  const left = Date.parse(seen.notAfter) - now;
  return [
    section("Valid for", [
      ["DNS Names", lines(seen.dnsNames)],
      ["URIs", lines(seen.uris)],
      ["IP Addresses", lines(seen.ipAddresses)],
      ["Email Addresses", lines(seen.emailAddresses)],
      ["Usages", lines(seen.usages)],
    ]),
    section("Validity period", [
      ["Not Before", `${seen.notBefore} (${fromNow(Date.parse(seen.notBefore), now)})`],
      ["Not After", `${seen.notAfter} (${fromNow(Date.parse(seen.notAfter), now)})`],
      ["Remaining", left > 0 ? span(left) : "none: it has expired"],
    ]),
    section("Issued By", [["Name", seen.issuer]]),
    section("Issued For", [["Name", seen.subject]]),
    section("Certificate", [
      ["Signing Algorithm", seen.signingAlgorithm],
      ["Public Key Algorithm", seen.publicKeyAlgorithm],
      ["Serial Number", seen.serialNumber],
      ["SHA-256", seen.fingerprint],
      ["Is a CA certificate", String(seen.isCA)],
      ["CRL", lines(seen.crlUrls)],
      ["OCSP", lines(seen.ocspUrls)],
      ["Private Key", seen.privateKey],
      ["Keys", seen.keys.map(({ name, bytes }) => `${name} (${bytes.toLocaleString("en-US")} bytes)`).join("\n")],
    ]),
    chainText(seen, colour),
    section("Debugging", [
      ["Trusted by this computer", trustText(seen.trustedByThisComputer)],
      ["Trusted by ca.crt", seen.trustedByCaCrt ? trustText(seen.trustedByCaCrt) : "<none>"],
      ["CRL Status", statusText(seen.crl)],
      ["OCSP Status", statusText(seen.ocsp)],
    ]),
  ].join("\n\n");
}

function chainText({ chain }: Inspection, colour: boolean): string {
  const rows = chain.map(({ subject, notAfter, signature }): Cell[] => [
    subject,
    notAfter,
    signature.startsWith("NOT") ? { text: signature, style: "red" } : signature,
  ]);
  return `Chain:\n${table(["SUBJECT", "NOT AFTER", "SIGNATURE"], rows, { colour, indent: "  " })}`;
}

function lines(texts: string[]): string {
  return texts.join("\n") || "<none>";
}

function trustText({ trusted, why }: Trust): string {
  return `${trusted ? "yes" : "no"}: ${why}`;
}

function statusText({ status, message }: RevocationStatus): string {
  return `${status}: ${message}`;
}

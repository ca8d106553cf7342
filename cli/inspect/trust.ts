import type { X509Certificate } from "node:crypto";
import { getCACertificates } from "node:tls";
import { isSelfSigned } from "../../core/certificate-identity.ts";
import { rfc3339 } from "../../core/status.ts";

/** Whether somebody trusts a certificate, and by whom or why not. */
export interface Trust {
  trusted: boolean;
  why: string;
}

/** How many certificates may stand between a leaf and a root. */
const longestPath = 8;

/** The roots that programs on this computer trust by default: the system's and those that Node.js brings, in PEM. */
export function rootsOfThisComputer(): string[] {
  return [...new Set((["system", "default"] as const).flatMap((kind) => readable(kind)))];
}

function readable(kind: "system" | "default"): string[] {
  try {
    return getCACertificates(kind);
  } catch {
    return [];
  }
}

/**
 * Looks for a path of signatures from the leaf over `between` to one of the roots, all valid at `now`. Names, policies and name
 * constraints are not looked at.
 */
export function trustOf(leaf: X509Certificate, between: X509Certificate[], roots: X509Certificate[], now: Date): Trust {
  if (leaf.validToDate <= now) return { trusted: false, why: `it expired on ${rfc3339(leaf.validToDate)}` };
  if (leaf.validFromDate > now) return { trusted: false, why: `it is valid from ${rfc3339(leaf.validFromDate)} on` };
  const root = rootOf(leaf, between, { roots, now, depth: 0 });
  if (root) return { trusted: true, why: `by ${oneLine(root.subject)}` };
  const top = topOf(leaf, between);
  return { trusted: false, why: `none of them signed ${oneLine(top.subject)}, or what they signed is not valid now` };
}

interface Search {
  roots: X509Certificate[];
  now: Date;
  depth: number;
}

function rootOf(certificate: X509Certificate, between: X509Certificate[], search: Search): X509Certificate | undefined {
  const { roots, now, depth } = search;
  const root = roots.find((one) => one.raw.equals(certificate.raw) || isSignedBy(certificate, one, now));
  if (root || depth >= longestPath) return root;
  for (const issuer of between) {
    if (issuer.raw.equals(certificate.raw) || !isSignedBy(certificate, issuer, now)) continue;
    const found = rootOf(issuer, between, { ...search, depth: depth + 1 });
    if (found) return found;
  }
  return undefined;
}

/** Whether this certificate of a CA issued the other one, and is valid. */
function isSignedBy(certificate: X509Certificate, issuer: X509Certificate, now: Date): boolean {
  const isValid = issuer.validFromDate <= now && issuer.validToDate > now;
  return isValid && issuer.ca && issued(certificate, issuer);
}

/** Whether the issuer's name and key are those by which the certificate was signed. */
export function issued(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** The last certificate of the path as far as the secret has it. */
function topOf(leaf: X509Certificate, between: X509Certificate[]): X509Certificate {
  let top = leaf;
  for (let step = 0; step < longestPath && !isSelfSigned(top); step += 1) {
    const above = between.find((issuer) => issued(top, issuer));
    if (!above) break;
    top = above;
  }
  return top;
}

/** A name on one line: `CN=www.example.com, O=Example`; node:crypto has none for an empty one, whatever its types say. */
export function oneLine(name: string | undefined): string {
  return name?.trim().replaceAll("\n", ", ") || "<no name>";
}

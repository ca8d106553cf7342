import { domainToASCII } from "node:url";

const labelOctets = 63;
const nameOctets = 253;
const labelSyntax = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/**
 * A DNS name as a lower-case A-label name (wildcards keep `*.`), or why it is none. U-labels are converted (UTS 46).
 * `underscores`: they are letters, as in names that only private CAs certify.
 */
export function readDnsName(text: string, { underscores = false } = {}): { name: string } | { problem: string } {
  const name = toAscii(text);
  if (name === undefined) return { problem: "must be a DNS name; it cannot be converted to A-labels" };
  const problem = nameProblem(underscores ? name.replaceAll("_", "x") : name);
  return problem === undefined ? { name } : { problem };
}

/** The lower-case A-label form of a DNS name, or undefined when it is none. */
export function toALabel(text: string): string | undefined {
  const read = readDnsName(text);
  return "name" in read ? read.name : undefined;
}

export function isWildcard(name: string): boolean {
  return name.startsWith("*.");
}

/** Whether an identifier is an IP address (RFC 8738): no DNS name has a colon, or a number for its last label. */
export function isIpAddress(identifier: string): boolean {
  return identifier.includes(":") || /(^|\.)\d+$/.test(identifier);
}

/** The name without `*.`. */
export function baseName(name: string): string {
  return isWildcard(name) ? name.slice(2) : name;
}

/** Where the TXT record of a name goes (RFC 8555 8.4); no trailing dot. */
export function recordNameFor(name: string): string {
  return `_acme-challenge.${baseName(name)}`;
}

/** Where the TXT record of a name goes that stays (draft-ietf-acme-dns-persist). */
export function persistentNameFor(name: string): string {
  return `_validation-persist.${baseName(name)}`;
}

function toAscii(text: string): string | undefined {
  const lower = text.toLowerCase();
  // domainToASCII also decodes %41 and rewrites 1.2 to 1.0.0.2: it gets only what needs it.
  if (!/[^\u0020-\u007e]/.test(lower)) return lower;
  if (lower.length > nameOctets || /[^-a-z0-9.*\u0080-\u{10ffff}]/u.test(lower)) return undefined;
  return domainToASCII(lower) || undefined;
}

function nameProblem(name: string): string | undefined {
  if (name.length > nameOctets) return `must be no more than ${nameOctets} octets long`;
  const base = baseName(name);
  if (base.includes("*")) return "must have a wildcard only as its whole first label (*.example.com)";
  if (base.endsWith(".")) return "must not end with a dot";
  const labels = base.split(".");
  if (labels.some((label) => label.length > labelOctets))
    return `must have labels of no more than ${labelOctets} octets`;
  if (!labels.every((label) => labelSyntax.test(label))) {
    return "must be a DNS name: labels of letters, digits and '-', separated by dots, that start and end with a letter or digit";
  }
  return /^\d+$/.test(labels.at(-1) ?? "") ? "must be a DNS name, not an IP address" : undefined;
}

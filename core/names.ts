import { createHash } from "node:crypto";
import { getDomain } from "tldts";
import { baseName } from "./dns-name.ts";
import { ipBytes } from "./ip-address.ts";

/**
 * The name one label below its public suffix (both sections of the list, as Let's Encrypt counts); a suffix itself stays as it is.
 * Of addresses an IPv4 one is counted by itself, an IPv6 one by its /64.
 */
export function registeredDomain(name: string): string {
  const address = ipBytes(name);
  if (address) return address.length === 4 ? name : Buffer.from(address.subarray(0, 8)).toString("hex");
  const base = baseName(name);
  return getDomain(base, { allowPrivateDomains: true, extractHostname: false, validateHostname: false }) ?? base;
}

/** The same for the same set of names, whatever their order: SHA-256, base64url. */
export function identifierSetHash(names: readonly string[]): string {
  const set = [...new Set(names.map((name) => name.toLowerCase()))].sort();
  return createHash("sha256").update(set.join("\n")).digest("base64url");
}

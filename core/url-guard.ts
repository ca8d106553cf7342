/** What the operator and the protocol allow of a URL that somebody else chose. */
export interface UrlRules {
  /** Hosts (`ca.internal`) or hosts with port (`127.0.0.1:14000`) that may be private. */
  allowedPrivateHosts: readonly string[];
  /** The URL must have this one's scheme, host and port, unless its host is listed. */
  sameOriginAs?: string;
  /** True where what is fetched is signed (revocation lists, OCSP): then plain http will do. */
  signedContent?: boolean;
}

/**
 * Looks at a URL before it is called: https, no credentials, no literal private address, the right origin. A host name
 * passes here: whoever connects must ask isPrivateAddress of each address it resolves to.
 */
export function guardUrl(text: string, rules: UrlRules): { url: URL } | { problem: string } {
  const url = URL.parse(text);
  if (!url) return { problem: "is not a URL" };
  const isPlain = url.protocol === "http:" && rules.signedContent === true;
  if (url.protocol !== "https:" && !isPlain) return { problem: "is not https" };
  if (url.username || url.password) return { problem: "carries credentials" };
  if (mayBePrivate(url, rules.allowedPrivateHosts)) return { url };
  if (isLocalName(url.hostname)) return { problem: "leads to this machine itself" };
  if (isLiteral(url.hostname) && isPrivateAddress(url.hostname)) return { problem: "leads to a private address" };
  const origin = rules.sameOriginAs === undefined ? undefined : URL.parse(rules.sameOriginAs)?.origin;
  return origin === undefined || origin === url.origin ? { url } : { problem: `is not on ${origin}` };
}

/** Whether the operator listed this URL's host, so that it may lead to a private address. */
export function mayBePrivate(url: URL, allowedPrivateHosts: readonly string[]): boolean {
  const port = url.port || (url.protocol === "http:" ? "80" : "443");
  return allowedPrivateHosts.some((entry) => {
    const host = entry.trim().toLowerCase();
    return host === url.hostname || host === `${url.hostname}:${port}`;
  });
}

/**
 * Whether an address must not be reached on behalf of others: loopback, private, link-local (metadata services),
 * carrier-grade NAT, multicast, documentation and tunnel ranges. What is not an address counts as private.
 */
export function isPrivateAddress(address: string): boolean {
  const bits = bitsOf(address);
  return bits === undefined || blocked.some((range) => bits >> range.shift === range.prefix);
}

/** How node:net resolves a name (LookupFunction of node:net). */
type Lookup<Options> = (hostname: string, options: Options, callback: LookupDone) => void;
type LookupDone = (
  error: Error | null,
  address: string | { address: string; family: number }[],
  family?: number,
) => void;

/** A lookup that refuses a name that resolves to a private address, at the moment of connecting: nobody can rebind it afterwards. */
export function publicLookup<Options>(
  lookup: Lookup<Options>,
  refusal: (hostname: string, address: string) => Error,
): Lookup<Options> {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, address, family) => {
      const found = typeof address === "string" ? [{ address }] : (address ?? []);
      const inward = error ? undefined : found.find((entry) => isPrivateAddress(entry.address));
      callback(inward ? refusal(hostname, inward.address) : error, address, family);
    });
  };
}

/** Whether Node says with this code that OpenSSL does not trust the server (tls, "X509 certificate error codes"). */
export function isUntrusted(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|INVALID_CA|HOSTNAME_MISMATCH/.test(code);
}

/** IPv4 addresses are looked up as IPv4-mapped IPv6, ::ffff:0:0/96. */
const mapped = 0xffffn << 32n;
/** 64:ff9b::/96 carries an IPv4 address (RFC 6052): that one decides. */
const nat64 = 0x64ff9bn << 64n;

/** IANA special-purpose registries (RFC 6890). */
const blocked = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
  ...["192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
  ...["224.0.0.0/4", "240.0.0.0/4", "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16"],
  ...["3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"],
].map(rangeOf);

function rangeOf(cidr: string): { shift: bigint; prefix: bigint } {
  const [address = "", length] = cidr.split("/");
  const shift = BigInt((address.includes(":") ? 128 : 32) - Number(length));
  return { shift, prefix: (bitsOf(address) ?? 0n) >> shift };
}

function bitsOf(address: string): bigint | undefined {
  const bare = address.replace(/^\[|\]$|%.*$/g, "");
  const bits = bare.includes(":") ? bitsOfIpv6(bare) : bitsOfIpv4(bare);
  return bits !== undefined && bits >> 32n === nat64 ? mapped | (bits & 0xffffffffn) : bits;
}

function bitsOfIpv4(address: string): bigint | undefined {
  const parts = /^\d{1,3}(\.\d{1,3}){3}$/.test(address) ? address.split(".").map(Number) : [256];
  if (parts.some((part) => part > 255)) return undefined;
  return parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n) | mapped;
}

function bitsOfIpv6(address: string): bigint | undefined {
  const canonical = URL.parse(`https://[${address}]`)?.hostname.slice(1, -1);
  if (canonical === undefined) return undefined;
  const [head = [], tail = []] = canonical.split("::").map((half) => half.split(":").filter((word) => word !== ""));
  const words = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => "0"), ...tail];
  return words.reduce((bits, word) => (bits << 16n) | BigInt(`0x${word}`), 0n);
}

function isLiteral(host: string): boolean {
  return host.startsWith("[") || /^[\d.]+$/.test(host);
}

function isLocalName(host: string): boolean {
  return /(^|\.)localhost\.?$/.test(host);
}

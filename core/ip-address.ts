/** The canonical text of an IP address (RFC 5952; an IPv4-mapped one as IPv4, as Go prints it), or undefined when it is none. */
export function canonicalIp(text: string): string | undefined {
  const bytes = ipBytes(text);
  return bytes && textOf(bytes);
}

/** The 4 or 16 octets of an IP address; an IPv4-mapped one has 4. Undefined when the text is none; zones are not taken. */
export function ipBytes(text: string): Uint8Array | undefined {
  if (!text.includes(":")) return bytesOfIpv4(text);
  const bytes = bytesOfIpv6(text);
  const isMapped = bytes?.subarray(0, 12).every((byte, index) => byte === (index < 10 ? 0 : 0xff));
  return isMapped ? bytes?.slice(12) : bytes;
}

/** Address and mask of a range such as 10.0.0.0/8 as nameConstraints holds them (RFC 5280 4.2.1.10), host bits cleared. */
export function cidrBytes(text: string): Uint8Array | undefined {
  const [address = "", length = "", ...rest] = text.split("/");
  const bytes = address.includes(":") ? bytesOfIpv6(address) : bytesOfIpv4(address);
  const bits = /^(0|[1-9]\d{0,2})$/.test(length) ? Number(length) : Number.POSITIVE_INFINITY;
  if (!bytes || rest.length > 0 || bits > bytes.length * 8) return undefined;
  const mask = bytes.map((_, index) => (0xff00 >> Math.min(8, Math.max(0, bits - index * 8))) & 0xff);
  return Uint8Array.of(...bytes.map((byte, index) => byte & (mask[index] ?? 0)), ...mask);
}

function bytesOfIpv4(text: string): Uint8Array | undefined {
  const parts = /^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text) ? text.split(".").map(Number) : [256];
  return parts.some((part) => part > 255) ? undefined : Uint8Array.from(parts);
}

function bytesOfIpv6(text: string): Uint8Array | undefined {
  const host = /^[0-9a-fA-F:.]+$/.test(text) ? URL.parse(`https://[${text}]`)?.hostname.slice(1, -1) : undefined;
  if (host === undefined) return undefined;
  const [head = [], tail = []] = host.split("::").map((half) => half.split(":").filter((word) => word !== ""));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => "0");
  const words = [...head, ...zeros, ...tail].map((word) => Number.parseInt(word, 16));
  return Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]));
}

function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join(".");
  const words = Buffer.from(bytes).toString("hex").match(/.{4}/g) ?? [];
  return URL.parse(`https://[${words.join(":")}]`)?.hostname.slice(1, -1);
}

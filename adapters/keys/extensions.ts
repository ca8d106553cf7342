import type { AlternativeNames } from "../../core/alternative-names.ts";
import { derOf, derOfOid } from "../../core/der.ts";
import { cidrBytes, ipBytes } from "../../core/ip-address.ts";
import type { NameConstraints, Subtrees } from "../../core/name-constraints.ts";

const tags = { otherName: 0xa0, rfc822Name: 0x81, dnsName: 0x82, uri: 0x86, ipAddress: 0x87 };
const sequence = 0x30;
const utf8String = 0x0c;

/**
 * The value of subjectAltName (RFC 5280 4.2.1.6): DNS names, e-mail addresses, IP addresses, URIs, other names, as Go and
 * cert-manager order them. Undefined when there is no name at all.
 */
export function subjectAltName(names: readonly string[], more: AlternativeNames): Uint8Array | undefined {
  const general = [
    ...names.map((name) => ascii(tags.dnsName, name)),
    ...(more.emailAddresses ?? []).map((address) => ascii(tags.rfc822Name, address)),
    ...(more.ipAddresses ?? []).map((address) => derOf(tags.ipAddress, known(ipBytes(address)))),
    ...(more.uris ?? []).map((uri) => ascii(tags.uri, uri)),
    ...(more.otherNames ?? []).map(({ oid, utf8Value }) => {
      const value = derOf(0xa0, derOf(utf8String, Buffer.from(utf8Value)));
      return derOf(tags.otherName, derOfOid(oid), value);
    }),
  ];
  return general.length > 0 ? derOf(sequence, ...general) : undefined;
}

/** The value of nameConstraints (RFC 5280 4.2.1.10), in Go's order; undefined when nothing is constrained. */
export function nameConstraints({ permitted = {}, excluded = {} }: NameConstraints): Uint8Array | undefined {
  const [inside, outside] = [subtreesOf(permitted), subtreesOf(excluded)];
  if (inside.length + outside.length === 0) return undefined;
  return derOf(
    sequence,
    ...(inside.length > 0 ? [derOf(0xa0, ...inside)] : []),
    ...(outside.length > 0 ? [derOf(0xa1, ...outside)] : []),
  );
}

function subtreesOf({ dnsDomains, ipRanges, emailAddresses, uriDomains }: Subtrees): Uint8Array[] {
  const bases = [
    ...(dnsDomains ?? []).map((domain) => ascii(tags.dnsName, domain)),
    ...(ipRanges ?? []).map((range) => derOf(tags.ipAddress, known(cidrBytes(range)))),
    ...(emailAddresses ?? []).map((address) => ascii(tags.rfc822Name, address)),
    ...(uriDomains ?? []).map((domain) => ascii(tags.uri, domain)),
  ];
  return bases.map((base) => derOf(sequence, base));
}

function ascii(tag: number, text: string): Uint8Array {
  return derOf(tag, Buffer.from(text, "latin1"));
}

/** The schema has refused what is no address. */
function known(bytes: Uint8Array | undefined): Uint8Array {
  if (!bytes) throw new RangeError("not an IP address or range");
  return bytes;
}

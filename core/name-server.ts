/** A DNS server as users and NS records name it. */
export interface NameServer {
  /** A name or an address, IPv6 without brackets. */
  host: string;
  port: number;
}

const addressSyntax = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i;
const bareIpv6Syntax = /^[\da-f]*:[\da-f:.]*:[\da-f.]*$/i;

/**
 * Reads `host`, `host:port`, `[2001:db8::1]:53` or a bare IPv6 address;
 * undefined for anything else.
 */
export function parseNameServer(text: string, standardPort = 53): NameServer | undefined {
  const [, ipv6, name, port = String(standardPort)] =
    addressSyntax.exec(bareIpv6Syntax.test(text) ? `[${text}]` : text) ?? [];
  const host = ipv6 ?? name;
  return host !== undefined && Number(port) > 0 && Number(port) < 65_536 ? { host, port: Number(port) } : undefined;
}

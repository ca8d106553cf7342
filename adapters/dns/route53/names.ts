/**
 * A name as our ports write it: lower case, no trailing dot, Route 53's `\052` escapes decoded
 * (Developer Guide, "DNS domain name format").
 */
export function bareName(name: string): string {
  const decoded = name.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  return decoded.replace(/\.$/, "").toLowerCase();
}

/** A TXT value as Route 53 takes it: quoted character strings of at most 255 characters (RFC 1035 3.3). */
export function quoted(value: string): string {
  const strings = value.match(/.{1,255}/gs) ?? [""];
  return strings.map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`).join(" ");
}

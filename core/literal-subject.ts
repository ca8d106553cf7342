import { attributeOids, type Rdn } from "./rdn.ts";

/**
 * Reads spec.literalSubject (RFC 4514) as cert-manager does: the last of the text is the first of the sequence, types are its ten
 * words in upper case, and values as `#hex` are not taken. `unknown`: the value of a type that is none of the ten.
 */
export function parseLiteralSubject(text: string): { rdns: Rdn[] } | { problem: string } {
  if (text.includes("=#")) {
    const why = 'notation does not support x509.subject identities containing "=#"';
    return { problem: `unsupported distinguished name (DN): ${why}` };
  }
  if (text.trim() === "") return { rdns: [] };
  const rdns: Rdn[] = [];
  for (const part of split(text, ",;")) {
    const rdn: Rdn = [];
    for (const pair of split(part, "+")) {
      const read = readPair(pair);
      if ("problem" in read) return read;
      rdn.push(read);
    }
    rdns.unshift(rdn);
  }
  return { rdns };
}

/** Splits at separators that no backslash escapes. */
function split(text: string, separators: string): string[] {
  const parts = [""];
  for (const [token = ""] of text.matchAll(/\\.?|[^\\]/gsu)) {
    if (separators.includes(token)) parts.push("");
    else parts.push(`${parts.pop()}${token}`);
  }
  return parts;
}

function readPair(pair: string): Rdn[number] | { problem: string } {
  const at = pair.indexOf("=");
  if (at < 1) return { problem: "incomplete type, value pair" };
  const type = unescaped(pair.slice(0, at));
  const value = unescaped(pair.slice(at + 1));
  if ("problem" in type) return type;
  if ("problem" in value) return value;
  const oid = Object.hasOwn(attributeOids, type.text) ? attributeOids[type.text] : undefined;
  if (oid === undefined) {
    return { problem: `Literal subject contains unrecognized key ${type.text} with value [${value.text}]` };
  }
  return { oid, value: value.text };
}

function unescaped(written: string): { text: string } | { problem: string } {
  const bytes: number[] = [];
  for (const [token = ""] of trimmed(written).matchAll(/\\[0-9a-fA-F]{2}|\\.?|[^\\]/gsu)) {
    if (/^\\[0-9a-fA-F]{2}$/.test(token)) bytes.push(Number.parseInt(token.slice(1), 16));
    else if (/^\\[ "#+,;<=>\\]$/.test(token)) bytes.push(token.charCodeAt(1));
    else if (token.startsWith("\\")) return { problem: `failed to decode escaped character: ${token}` };
    else if (/^["<>\0]$/.test(token)) return { problem: `got unescaped character: '${token}'` };
    else bytes.push(...Buffer.from(token));
  }
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes)) };
  } catch {
    return { problem: "an escaped value must be UTF-8" };
  }
}

/** Without spaces around; an escaped one at the end stays. */
function trimmed(written: string): string {
  const bare = written.replace(/^ +| +$/g, "");
  const backslashes = /\\*$/.exec(bare)?.[0].length ?? 0;
  return bare.length < written.length && backslashes % 2 === 1 && written.endsWith(" ") ? `${bare} ` : bare;
}

/** One element of DER (X.690): its tag's first byte and its content. */
export interface DerElement {
  tag: number;
  content: Uint8Array;
}

/** The elements that follow each other in some DER, not descended into; throws RangeError when they do not fit. */
export function derElements(bytes: Uint8Array): DerElement[] {
  const elements: DerElement[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = byteAt(bytes, at);
    const { length, start } = derLength(bytes, at + 1);
    if (start + length > bytes.length) throw new RangeError("DER element is longer than its parent");
    elements.push({ tag, content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return elements;
}

/** One element of DER: its tag's first byte, then its content in parts. */
export function derOf(tag: number, ...parts: Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const size = content.length.toString(16);
  const long = Buffer.from(size.padStart(size.length + (size.length % 2), "0"), "hex");
  const length = content.length < 0x80 ? [content.length] : [0x80 + long.length, ...long];
  return Buffer.concat([Uint8Array.of(tag, ...length), content]);
}

/** The OBJECT IDENTIFIER of a dotted form. */
export function derOfOid(dotted: string): Uint8Array {
  const [root = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return derOf(0x06, Uint8Array.from([root * 40 + second, ...rest].flatMap(base128)));
}

function base128(arc: number): number[] {
  const bytes = [arc % 128];
  for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) bytes.unshift((left % 128) | 0x80);
  return bytes;
}

/** The dotted form of an OBJECT IDENTIFIER's content. */
export function oidText(content: Uint8Array): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join(".");
}

/** The text of a character string of any of the types that names use. */
export function derText({ tag, content }: DerElement): string {
  if (tag === 0x0c) return Buffer.from(content).toString("utf8");
  if (tag === 0x1e) return Buffer.from(content).swap16().toString("utf16le");
  return Buffer.from(content).toString("latin1");
}

function derLength(bytes: Uint8Array, at: number): { length: number; start: number } {
  const first = byteAt(bytes, at);
  if (first < 0x80) return { length: first, start: at + 1 };
  const size = first - 0x80;
  if (size === 0 || size > 4) throw new RangeError("DER length is not definite or too long");
  let length = 0;
  for (let index = 1; index <= size; index += 1) length = length * 256 + byteAt(bytes, at + index);
  return { length, start: at + 1 + size };
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new RangeError("DER ends too early");
  return byte;
}

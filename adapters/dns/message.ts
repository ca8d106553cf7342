/** A DNS message (RFC 1035 4); in an update the four sections are zone, prerequisites, updates, additional (RFC 2136 2). */
export interface Message {
  id: number;
  /** The header's second word: QR, opcode, AA, TC ... rcode. */
  flags: number;
  questions: Question[];
  answers: Rr[];
  authorities: Rr[];
  additionals: Rr[];
}

export interface Question {
  name: string;
  type: number;
  class: number;
}

/** A resource record; the name in lower case without a trailing dot, the data as on the wire. */
export interface Rr extends Question {
  ttl: number;
  data: Buffer;
}

/** What was received: where its last record begins is what a TSIG is cut off by. */
export interface Received extends Message {
  lastRecordAt: number;
}

/** Compresses owner names (RFC 1035 4.1.4); data is written as it is. */
export function encode(message: Message): Buffer {
  const { questions, answers, authorities, additionals } = message;
  const counts = [questions, answers, authorities, additionals].map(({ length }) => length);
  const parts = [words(message.id, message.flags, ...counts)];
  const known = new Map<string, number>();
  let length = 12;
  const add = (part: Buffer) => {
    parts.push(part);
    length += part.length;
  };
  for (const { name, type, class: klass } of questions) {
    add(compressed(name, length, known));
    add(words(type, klass));
  }
  for (const { name, type, class: klass, ttl, data } of [...answers, ...authorities, ...additionals]) {
    add(compressed(name, length, known));
    add(Buffer.concat([words(type, klass, ttl >>> 16, ttl & 0xffff, data.length), data]));
  }
  return Buffer.concat(parts);
}

/** Throws RangeError for bytes that are no message. */
export function decode(bytes: Buffer): Received {
  const count = (index: number) => Array.from({ length: bytes.readUInt16BE(4 + 2 * index) });
  let at = 12;
  let lastRecordAt = at;
  const name = () => {
    const read = readName(bytes, at);
    at = read.end;
    return read.name;
  };
  const word = () => {
    at += 2;
    return bytes.readUInt16BE(at - 2);
  };
  const questions = count(0).map(() => ({ name: name(), type: word(), class: word() }));
  const section = (index: number): Rr[] =>
    count(index).map(() => {
      lastRecordAt = at;
      const owner = { name: name(), type: word(), class: word() };
      const ttl = word() * 0x1_0000 + word();
      const size = word();
      at += size;
      if (at > bytes.length) throw new RangeError("a record ends after the message");
      return { ...owner, ttl, data: bytes.subarray(at - size, at) };
    });
  const sections = { answers: section(1), authorities: section(2), additionals: section(3) };
  return { id: bytes.readUInt16BE(0), flags: bytes.readUInt16BE(2), questions, ...sections, lastRecordAt };
}

/** A name as on the wire, not compressed; lower case is TSIG's canonical form, too (RFC 8945 4.3.3). */
export function nameBytes(name: string): Buffer {
  const labels = name === "" ? [] : name.toLowerCase().split(".");
  return Buffer.concat([...labels.map(label), Buffer.of(0)]);
}

/** Follows compression pointers; `end` is where the name's own bytes end. */
export function readName(bytes: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = [];
  let at = start;
  let end: number | undefined;
  for (let steps = 0; steps < 128; steps += 1) {
    const size = bytes.readUInt8(at);
    if (size === 0) return { name: labels.join(".").toLowerCase(), end: end ?? at + 1 };
    if (size >= 0xc0) {
      end ??= at + 2;
      at = bytes.readUInt16BE(at) & 0x3fff;
    } else {
      labels.push(bytes.toString("latin1", at + 1, at + 1 + size));
      at += size + 1;
    }
  }
  throw new RangeError("a name that never ends");
}

export function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2);
  return bytes;
}

/** The character strings of TXT data in one text (RFC 1035 3.3.14). */
export function textOf(data: Buffer): string {
  const strings: string[] = [];
  for (let at = 0; at < data.length; at += data.readUInt8(at) + 1) {
    strings.push(data.toString("utf8", at + 1, at + 1 + data.readUInt8(at)));
  }
  return strings.join("");
}

/** TXT data: strings of at most 255 bytes. */
export function textData(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  const count = Math.max(1, Math.ceil(bytes.length / 255));
  return Buffer.concat(
    Array.from({ length: count }, (_, index) => {
      const string = bytes.subarray(index * 255, (index + 1) * 255);
      return Buffer.concat([Buffer.of(string.length), string]);
    }),
  );
}

function compressed(name: string, at: number, known: Map<string, number>): Buffer {
  const labels = name === "" ? [] : name.split(".");
  const parts: Buffer[] = [];
  let length = 0;
  for (const [index, text] of labels.entries()) {
    const suffix = labels.slice(index).join(".");
    const seen = known.get(suffix);
    if (seen !== undefined) return Buffer.concat([...parts, words(0xc000 | seen)]);
    if (at + length < 0x4000) known.set(suffix, at + length);
    const part = label(text);
    parts.push(part);
    length += part.length;
  }
  return Buffer.concat([...parts, Buffer.of(0)]);
}

function label(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  if (bytes.length === 0 || bytes.length > 63) throw new RangeError("a label has 1 to 63 bytes");
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

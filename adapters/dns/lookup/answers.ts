import type { DnsAnswer, DnsRecord, RecordType } from "../../../core/dns-lookup.ts";
import { decode, encode, type Rr, readName, textOf } from "../message.ts";

/** RFC 1035 3.2.2, RFC 8659 4.1. */
const numbers: Record<RecordType, number> = { A: 1, NS: 2, CNAME: 5, SOA: 6, TXT: 16, CAA: 257 };
const flag = { response: 0x8000, authoritative: 0x0400, truncated: 0x0200, recursionDesired: 0x0100 };
/** EDNS with the size that passes every network (DNS Flag Day 2020). */
const options: Rr = { name: "", type: 41, class: 1_232, ttl: 0, data: Buffer.alloc(0) };

/** A question as one message, with the wish for recursion: servers of a zone pass over it. */
export function question(id: number, name: string, type: RecordType): Buffer {
  const questions = [{ name, type: numbers[type], class: 1 }];
  return encode({ id, flags: flag.recursionDesired, questions, answers: [], authorities: [], additionals: [options] });
}

/** What a message says; a code that is neither 0 (NOERROR) nor 3 (NXDOMAIN) is a failure of the server. */
export type Said = { answer: DnsAnswer } | { truncated: true } | { failure: number };

/** Undefined for bytes that do not answer this question. */
export function readAnswer(bytes: Buffer, asked: { id: number; name: string; type: RecordType }): Said | undefined {
  try {
    const { id, flags, questions, answers, authorities } = decode(bytes);
    const [same] = questions;
    const fits = same?.name === asked.name && same.type === numbers[asked.type];
    if (id !== asked.id || !(flags & flag.response) || !fits) return undefined;
    if (flags & flag.truncated) return { truncated: true };
    const code = flags & 0xf;
    if (code !== 0 && code !== 3) return { failure: code };
    const read = (records: Rr[]) => records.flatMap((record) => recordOf(record, bytes));
    const authoritative = (flags & flag.authoritative) !== 0;
    return { answer: { exists: code === 0, authoritative, answers: read(answers), authorities: read(authorities) } };
  } catch {
    return undefined;
  }
}

function recordOf({ name, type, ttl, data }: Rr, bytes: Buffer): DnsRecord[] {
  const at = { name, ttlSeconds: ttl };
  // Names in the data may point into the rest of the message (RFC 1035 4.1.4).
  const nameAt = (offset: number) => readName(bytes, data.byteOffset - bytes.byteOffset + offset);
  if (type === numbers.A) return [{ ...at, type: "A", address: [...data].join(".") }];
  if (type === numbers.TXT) return [{ ...at, type: "TXT", text: textOf(data) }];
  if (type === numbers.CNAME) return [{ ...at, type: "CNAME", target: nameAt(0).name }];
  if (type === numbers.NS) return [{ ...at, type: "NS", target: nameAt(0).name }];
  if (type === numbers.SOA) return [{ ...at, type: "SOA", minimumSeconds: data.readUInt32BE(data.length - 4) }];
  return type === numbers.CAA ? [{ ...at, ...caaOf(data) }] : [];
}

function caaOf(data: Buffer) {
  const end = 2 + data.readUInt8(1);
  const tag = data.toString("latin1", 2, end).toLowerCase();
  return { type: "CAA" as const, critical: (data.readUInt8(0) & 0x80) !== 0, tag, value: data.toString("utf8", end) };
}

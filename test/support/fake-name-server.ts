import { createHmac } from "node:crypto";
import type { Exchange } from "../../adapters/dns/exchange.ts";
import {
  decode,
  encode,
  nameBytes,
  type Question,
  type Rr,
  readName,
  textData,
  words,
} from "../../adapters/dns/message.ts";

interface FakeZone {
  records: Rr[];
}

export interface FakeNameServer {
  exchange: Exchange;
  addZone(name: string): void;
  /** Without a word to anybody, as another updater does. */
  put(name: string, record: { type?: "TXT" | "CNAME"; text: string; ttl?: number }): void;
  texts(name: string): string[];
  ttls(name: string): number[];
  /** Each message in order: how large it was, over what, and whether it was an update. */
  messages: { bytes: number; over: "UDP" | "TCP"; update: boolean; names: string[] }[];
  /** Every answer from now on has this code. */
  answer: number | undefined;
  /** How wrong its clock is when it signs an answer. */
  lateSeconds: number;
  /** Names that this key may not change. */
  closed: Set<string>;
  /** Runs once before the next update that follows a query. */
  before: (() => Promise<void>) | undefined;
}

const txt = 16;
const cname = 5;
const soa = 6;
const seconds = () => Math.floor(Date.parse("2026-01-01T00:00:00Z") / 1_000);

/**
 * A primary name server in memory, strict where RFC 2136 and RFC 8945 are: it demands HMAC-SHA256 with `key`, weighs
 * prerequisites before anything is changed, changes all or nothing, and passes over a TXT beside a CNAME without a word.
 */
export function fakeNameServer(key: { name: string; secret: Buffer }, now = seconds): FakeNameServer {
  const zones = new Map<string, FakeZone>();
  const zoneOf = (name: string) =>
    [...zones.keys()].filter((zone) => `.${name}`.endsWith(`.${zone}`)).sort((a, b) => b.length - a.length)[0];
  const recordsOf = (name: string) => zones.get(zoneOf(name) ?? "")?.records ?? [];
  const fake: FakeNameServer = {
    messages: [],
    answer: undefined,
    lateSeconds: 0,
    closed: new Set(),
    before: undefined,
    addZone: (name) => void zones.set(name, { records: [] }),
    put: (name, { type = "TXT", text, ttl = 300 }) => {
      const data = type === "TXT" ? textData(text) : nameBytes(text);
      recordsOf(name).push({ name, type: type === "TXT" ? txt : cname, class: 1, ttl, data });
    },
    texts: (name) =>
      recordsOf(name)
        .filter((one) => one.name === name && one.type === txt)
        .map(({ data }) => textIn(data)),
    ttls: (name) =>
      recordsOf(name)
        .filter((one) => one.name === name)
        .map(({ ttl }) => ttl),
    exchange: async (bytes, { over }) => {
      const message = decode(bytes);
      const isUpdate = ((message.flags >> 11) & 0xf) === 5;
      const act = isUpdate ? fake.before : undefined;
      if (act) fake.before = undefined;
      await act?.();
      const names = [...new Set(message.authorities.map(({ name }) => name))];
      fake.messages.push({ bytes: bytes.length, over, update: isUpdate, names });
      const mac = macOf(bytes, key, now());
      if ("error" in mac) return reply(message.id, 9, {}, { ...mac, asked: message.additionals.at(-1) });
      const outcome = isUpdate ? updated(message) : queried(message.questions[0]);
      const { code = fake.answer ?? 0, ...sections } = outcome;
      return signed(reply(message.id, fake.answer ?? code, sections), mac.mac, key, now() - fake.lateSeconds);
    },
  };

  function queried(question: Question | undefined): Outcome {
    const { name = "", type = 0 } = question ?? {};
    const zone = zoneOf(name);
    if (zone === undefined) return { code: 5 };
    const here = recordsOf(name).filter((one) => one.name === name);
    const answers = here.filter((one) => one.type === type || one.type === cname);
    const authority = { name: zone, type: soa, class: 1, ttl: 60, data: soaData };
    if (type === soa && name === zone) return { answers: [authority], authoritative: true };
    if (answers.length > 0) return { answers, authoritative: true };
    return { code: here.length > 0 ? 0 : 3, authorities: [authority], authoritative: true };
  }

  function updated({ questions, answers, authorities }: ReturnType<typeof decode>): Outcome {
    const zone = zones.get(questions[0]?.name ?? "");
    if (questions.length !== 1 || questions[0]?.type !== soa) return { code: 1 };
    if (!zone) return { code: 9 };
    const code = prerequisites(answers, zone) ?? permitted(authorities, questions[0].name);
    if (code !== undefined) return { code };
    for (const one of authorities) change(zone, one);
    return {};
  }

  /** RFC 2136 3.2: only "no such set" is known here. */
  function prerequisites(wanted: Rr[], zone: FakeZone): number | undefined {
    if (wanted.some((one) => one.class !== 254 || one.ttl !== 0 || one.data.length > 0)) return 1;
    const held = (one: Rr) => zone.records.some(({ name, type }) => name === one.name && type === one.type);
    return wanted.some(held) ? 7 : undefined;
  }

  /** RFC 2136 3.4.1, and the rights of the key. */
  function permitted(changes: Rr[], zone: string): number | undefined {
    if (changes.some(({ name }) => zoneOf(name) !== zone)) return 10;
    if (changes.some(({ name, type }) => type !== txt || fake.closed.has(name))) return 5;
    const formed = (one: Rr) => one.class === 1 || (one.class === 254 && one.ttl === 0);
    return changes.every(formed) ? undefined : 1;
  }
  return fake;
}

interface Outcome {
  code?: number;
  answers?: Rr[];
  authorities?: Rr[];
  authoritative?: boolean;
}

function change(zone: FakeZone, one: Rr): void {
  const same = (other: Rr) => other.name === one.name && other.type === one.type && other.data.equals(one.data);
  if (one.class === 254) {
    zone.records = zone.records.filter((other) => !same(other));
  } else if (!zone.records.some((other) => same(other) || (other.name === one.name && other.type === cname))) {
    zone.records.push({ ...one, data: Buffer.from(one.data) });
  }
}

const soaData = Buffer.concat([nameBytes("ns.invalid"), nameBytes("nobody.invalid"), Buffer.alloc(20)]);

/** With an error of TSIG there is a record without MAC, of the key and algorithm that were asked with (RFC 8945 5.2). */
function reply(id: number, code: number, outcome: Outcome, tsig?: { error: number; asked: Rr | undefined }): Buffer {
  const { answers = [], authorities = [], authoritative } = outcome;
  const flags = 0x8000 | (authoritative ? 0x0400 : 0) | code;
  const message = { id, flags, questions: [], answers, authorities };
  if (tsig?.asked === undefined) return encode({ ...message, additionals: [] });
  const algorithm = nameBytes(readName(tsig.asked.data, 0).name);
  const data = Buffer.concat([algorithm, Buffer.alloc(6), words(300, 0, 0, tsig.error, 0)]);
  return encode({ ...message, additionals: [{ ...tsig.asked, data }] });
}

/** RFC 8945 5.2, in its own words and not in the product's: which error, or the request's MAC. */
function macOf(bytes: Buffer, key: { name: string; secret: Buffer }, now: number): { mac: Buffer } | { error: number } {
  const { additionals, lastRecordAt } = decode(bytes);
  const record = additionals.at(-1);
  if (record?.type !== 250) return { error: 17 };
  const { name: algorithm, end } = readName(record.data, 0);
  if (record.name !== key.name || algorithm !== "hmac-sha256") return { error: 17 };
  const mac = record.data.subarray(end + 10, end + 10 + record.data.readUInt16BE(end + 8));
  const message = Buffer.from(bytes.subarray(0, lastRecordAt));
  message.writeUInt16BE(additionals.length - 1, 10);
  const expected = digest(key, message, record.data.subarray(end, end + 8));
  if (!expected.equals(mac)) return { error: 16 };
  return Math.abs(record.data.readUIntBE(end, 6) - now) > 300 ? { error: 18 } : { mac };
}

function signed(answer: Buffer, requestMac: Buffer, key: { name: string; secret: Buffer }, now: number): Buffer {
  const timeAndFudge = Buffer.alloc(8);
  timeAndFudge.writeUIntBE(now, 0, 6);
  timeAndFudge.writeUInt16BE(300, 6);
  const mac = digest(key, Buffer.concat([words(requestMac.length), requestMac, answer]), timeAndFudge);
  const id = answer.readUInt16BE(0);
  const data = Buffer.concat([nameBytes("hmac-sha256"), timeAndFudge, words(mac.length), mac, words(id, 0, 0)]);
  const record = Buffer.concat([nameBytes(key.name), words(250, 255, 0, 0, data.length), data]);
  const counted = Buffer.from(answer);
  counted.writeUInt16BE(answer.readUInt16BE(10) + 1, 10);
  return Buffer.concat([counted, record]);
}

function digest(key: { name: string; secret: Buffer }, message: Buffer, timeAndFudge: Buffer): Buffer {
  const variables = [nameBytes(key.name), words(255, 0, 0), nameBytes("hmac-sha256"), timeAndFudge, words(0, 0)];
  return createHmac("sha256", key.secret)
    .update(Buffer.concat([message, ...variables]))
    .digest();
}

function textIn(data: Buffer): string {
  return data.subarray(1).toString("utf8");
}

import { createSocket } from "node:dgram";
import type { Socket } from "node:net";
import { createServer } from "node:net";
import type { Answer, Packet, Question } from "dns-packet";
import * as dns from "dns-packet";
import { loopback, portOf } from "./ports.ts";
import type { RecordSet } from "./record-set.ts";
import { textStrings } from "./record-set.ts";
import type { Zones } from "./zones.ts";

/** A running DNS server. */
export interface DnsServer {
  /** The same for UDP and TCP. */
  port: number;
  close(): Promise<void>;
}

/** Answers for the public zones, over UDP and TCP; a name that is not there is NXDOMAIN. */
export async function startDnsServer(zones: Pick<Zones, "at">): Promise<DnsServer> {
  const tcp = createServer((socket) => serveTcp(zones, socket));
  const open = new Set<Socket>();
  tcp.on("connection", (socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  await new Promise<void>((ready, failed) => {
    tcp.once("error", failed);
    tcp.listen({ port: 0, host: loopback, backlog: 1_024 }, ready);
  });
  const port = portOf(tcp);
  const udp = createSocket("udp4");
  udp.on("message", (message, from) => {
    const reply = answerUdp(zones, message);
    if (reply) udp.send(reply, from.port, from.address);
  });
  await new Promise<void>((ready, failed) => {
    udp.once("error", failed);
    udp.bind(port, loopback, ready);
  });
  const close = async () => {
    for (const socket of open) socket.destroy();
    await Promise.all([
      new Promise<void>((done) => tcp.close(() => done())),
      new Promise<void>((done) => udp.close(done)),
    ]);
  };
  return { port, close };
}

/** The records that answer a question, following CNAMEs inside our zones (RFC 1034 4.3.2). */
export function resolve(zones: Pick<Zones, "at">, question: Question): { code: number; answers: Answer[] } {
  const answers: Answer[] = [];
  let name = question.name.toLowerCase().replace(/\.$/, "");
  for (let hops = 0; hops < 9; hops += 1) {
    const found = zones.at(name) ?? nameServer(name);
    if (!found) return { code: hops === 0 ? nameError : noError, answers };
    const sets = found.records;
    answers.push(...eightAtMost(sets.filter((set) => set.type === question.type)).flatMap(toAnswers));
    const alias = sets.find((set) => set.type === "CNAME");
    if (!alias || question.type === "CNAME") {
      return { code: found.exists || hops > 0 ? noError : nameError, answers };
    }
    answers.push(...toAnswers(alias));
    name = (alias.values[0] ?? "").toLowerCase().replace(/\.$/, "");
  }
  return { code: serverFailure, answers: [] };
}

/** Route 53's name servers are this one. */
function nameServer(name: string): { records: RecordSet[]; exists: boolean } | undefined {
  if (!/^ns-\d+\.awsdns-\d+\./.test(name)) return undefined;
  return { records: [{ name, type: "A", ttlSeconds: 60, values: [loopback] }], exists: true };
}

/** The SOA of the zone that a name is in: with it an absence says whose it is (RFC 2308 3). */
function startOfZone(zones: Pick<Zones, "at">, name: string): Answer[] {
  const labels = name.toLowerCase().replace(/\.$/, "").split(".");
  const names = labels.map((_, index) => labels.slice(index).join("."));
  const starts = names.map((each) => zones.at(each)?.records.find(({ type }) => type === "SOA"));
  return starts.flatMap((set) => (set ? toAnswers(set) : [])).slice(0, 1);
}

const noError = 0;
const serverFailure = 2;
const nameError = 3;

function answerTo(zones: Pick<Zones, "at">, message: Buffer): { packet: Packet; query: dns.DecodedPacket } | undefined {
  const query = decode(message);
  const question = query?.questions?.[0];
  if (!query || !question) return undefined;
  const { code, answers } = resolve(zones, question);
  const authorities = answers.length > 0 ? [] : startOfZone(zones, question.name);
  const flags =
    dns.AUTHORITATIVE_ANSWER | dns.RECURSION_AVAILABLE | ((query.flags ?? 0) & dns.RECURSION_DESIRED) | code;
  const packet: Packet = { type: "response", id: query.id ?? 0, flags, questions: [question], answers, authorities };
  return { packet, query };
}

function answerUdp(zones: Pick<Zones, "at">, message: Buffer): Buffer | undefined {
  const answer = answerTo(zones, message);
  if (!answer) return undefined;
  const { packet, query } = answer;
  const option = query.additionals?.find((each) => each.type === "OPT");
  const room = option?.type === "OPT" ? Math.max(option.udpPayloadSize ?? 512, 512) : 512;
  const whole = dns.encode(packet);
  if (whole.length <= room) return whole;
  return dns.encode({ ...packet, flags: (packet.flags ?? 0) | dns.TRUNCATED_RESPONSE, answers: [] });
}

function serveTcp(zones: Pick<Zones, "at">, socket: Socket): void {
  let received = Buffer.alloc(0);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const end = 2 + received.readUInt16BE(0);
      const answer = answerTo(zones, received.subarray(2, end));
      received = received.subarray(end);
      if (answer) socket.write(dns.streamEncode(answer.packet));
    }
  });
}

function decode(message: Buffer): dns.DecodedPacket | undefined {
  try {
    return dns.decode(message);
  } catch {
    return undefined;
  }
}

// Route 53 answers with up to eight of the records that share a name and type, chosen at random.
function eightAtMost(sets: RecordSet[]): RecordSet[] {
  if (sets.length <= 8) return sets;
  return sets
    .map((set) => ({ set, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, 8)
    .map(({ set }) => set);
}

function toAnswers(set: RecordSet): Answer[] {
  return set.values.flatMap((value): Answer[] => {
    const shared = { name: set.name, ttl: set.ttlSeconds };
    if (set.type === "TXT") return [{ ...shared, type: "TXT", data: textStrings(value) }];
    if (set.type === "CNAME") return [{ ...shared, type: "CNAME", data: value.replace(/\.$/, "") }];
    if (set.type === "NS") return [{ ...shared, type: "NS", data: value.replace(/\.$/, "") }];
    if (set.type === "SOA") return [{ ...shared, type: "SOA", data: startOfAuthority(value) }];
    if (set.type === "CAA") return [{ ...shared, type: "CAA", data: authorization(value) }];
    return set.type === "A" ? [{ ...shared, type: "A", data: value }] : [];
  });
}

function startOfAuthority(value: string) {
  const [mname = "", rname = "", ...numbers] = value.split(/\s+/).map((word) => word.replace(/\.$/, ""));
  const [serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0] = numbers.map(Number);
  return { mname, rname, serial, refresh, retry, expire, minimum };
}

function authorization(value: string) {
  const [, flags = "0", tag = "", text = ""] = /^(\d+)\s+(\w+)\s+(.*)$/.exec(value) ?? [];
  return { flags: Number(flags), tag: tag as "issue", value: textStrings(text).join("") };
}

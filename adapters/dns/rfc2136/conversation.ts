import { randomInt } from "node:crypto";
import { RefusedError, UnavailableError } from "../../../core/errors.ts";
import type { Clock } from "../../../core/ports.ts";
import type { Exchange } from "../exchange.ts";
import { decode, encode, type Message, type Received, type Rr } from "../message.ts";
import { sign, type TsigKey, verify } from "./tsig.ts";

export interface ConversationDeps {
  exchange: Exchange;
  clock: Clock;
  protocol: "UDP" | "TCP";
  /** Absent: nothing is signed. */
  key?: TsigKey | undefined;
}

/** An answer; with a key, one without an error is signed with it. */
export interface Answer extends Received {
  rcode: number;
  authoritative: boolean;
}

type Draft = Pick<Message, "questions"> & Partial<Pick<Message, "answers" | "authorities" | "additionals">>;

export const types = { CNAME: 5, SOA: 6, TXT: 16 } as const;
export const classes = { IN: 1, NONE: 254, ANY: 255 } as const;
export const rcodes = { noError: 0, servFail: 2, nxDomain: 3, refused: 5, yxRrset: 7, notAuth: 9 } as const;

const updateOpcode = 5 << 11;
const flag = { response: 0x8000, authoritative: 0x0400, truncated: 0x0200 };
/** What every server takes over UDP (RFC 1035 2.3.4); larger messages go over TCP. */
export const udpBytes = 512;

/** Asks for the records of one type at a name, without recursion. */
export function query(deps: ConversationDeps, name: string, type: number): Promise<Answer> {
  const options: Rr = { name: "", type: 41, class: 1_232, ttl: 0, data: Buffer.alloc(0) };
  return ask(deps, 0, { questions: [{ name, type, class: classes.IN }], additionals: [options] });
}

/** One atomic update of a zone (RFC 2136 2). */
export function update(
  deps: ConversationDeps,
  zone: string,
  changes: { prerequisites: Rr[]; updates: Rr[] },
): Promise<Answer> {
  return ask(deps, updateOpcode, draftOf(zone, changes));
}

/** How many bytes an update has, with its signature. */
export function sizeOf(
  { key, clock }: ConversationDeps,
  zone: string,
  changes: { prerequisites: Rr[]; updates: Rr[] },
): number {
  const message = encode(complete(draftOf(zone, changes), 0, updateOpcode));
  return key ? sign(message, key, clock.now()).signed.length : message.length;
}

function draftOf(zone: string, { prerequisites, updates }: { prerequisites: Rr[]; updates: Rr[] }): Draft {
  return {
    questions: [{ name: zone, type: types.SOA, class: classes.IN }],
    answers: prerequisites,
    authorities: updates,
  };
}

function complete(draft: Draft, id: number, flags: number): Message {
  return { id, flags, answers: [], authorities: [], additionals: [], ...draft };
}

async function ask(deps: ConversationDeps, flags: number, draft: Draft): Promise<Answer> {
  const id = randomInt(0x1_0000);
  const message = encode(complete(draft, id, flags));
  const { signed, mac } = deps.key
    ? sign(message, deps.key, deps.clock.now())
    : { signed: message, mac: Buffer.alloc(0) };
  const readAnswer = (bytes: Buffer) => read(bytes, id, mac, deps);
  const accepts = (bytes: Buffer) => readAnswer(bytes) !== undefined;
  const over = signed.length > udpBytes ? "TCP" : deps.protocol;
  let answer = readAnswer(await deps.exchange(signed, { over, accepts }));
  if (over === "UDP" && answer && answer.received.flags & flag.truncated) {
    answer = readAnswer(await deps.exchange(signed, { over: "TCP", accepts }));
  }
  if (!answer) throw unusable("sent something that is not an answer, or whose signature is wrong");
  const { received, verdict } = answer;
  const rcode = received.flags & 0xf;
  // Without a TSIG error it is a refusal that the server did not sign, as of a zone that it does not hold.
  if (verdict && !verdict.verified && verdict.error !== 0) throw notVerified(verdict.error, deps.key);
  return { ...received, rcode, authoritative: (received.flags & flag.authoritative) !== 0 };
}

/** Undefined for bytes that do not answer this message; one without a valid signature only counts as a failure. */
function read(bytes: Buffer, id: number, mac: Buffer, { key, clock }: ConversationDeps) {
  try {
    const received = decode(bytes);
    if (received.id !== id || !(received.flags & flag.response)) return undefined;
    if (!key) return { received };
    const verdict = verify(bytes, received, key, mac, clock.now());
    const says = (received.flags & 0xf) !== rcodes.noError && (received.flags & 0xf) !== rcodes.nxDomain;
    return verdict.verified || says ? { received, verdict } : undefined;
  } catch {
    return undefined;
  }
}

const tsigErrors: Record<number, string> = {
  16: "does not accept the signature: its secret of that key is another one",
  17: "does not know the key by that name and algorithm",
  18: "has another time of day",
  22: "wants a longer signature",
};

function notVerified(error: number, key: TsigKey | undefined): RefusedError {
  const what = tsigErrors[error] ?? `answered TSIG error ${error}`;
  return new RefusedError({
    reason: "TsigRefused",
    message: `The name server ${what} (TSIG key ${key?.name}, ${key?.algorithm}).`,
    fix: "Make tsigKeyName, tsigAlgorithm and the stored secret the same as at the name server, and look at its clock.",
  });
}

/** The server is there and does not work. */
export function unusable(what: string): UnavailableError {
  return new UnavailableError({ reason: "NameServerUnavailable", message: `The name server ${what}.` });
}

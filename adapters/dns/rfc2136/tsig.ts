import { createHmac, timingSafeEqual } from "node:crypto";
import { nameBytes, type Received, readName, words } from "../message.ts";
import type { TsigAlgorithm } from "./solver.ts";

export interface TsigKey {
  /** Lower case, without a trailing dot. */
  name: string;
  algorithm: TsigAlgorithm;
  secret: Buffer;
}

/** How an answer's signature was found; `error` is TSIG's own (RFC 8945 3): 16 BADSIG, 17 BADKEY, 18 BADTIME. */
export type Verdict = { verified: true } | { verified: false; error: number };

const tsigType = 250;
const classAny = 255;
const fudgeSeconds = 300;

const hashes: Record<TsigAlgorithm, { wireName: string; hash: string }> = {
  HMACMD5: { wireName: "hmac-md5.sig-alg.reg.int", hash: "md5" },
  HMACSHA1: { wireName: "hmac-sha1", hash: "sha1" },
  HMACSHA256: { wireName: "hmac-sha256", hash: "sha256" },
  HMACSHA512: { wireName: "hmac-sha512", hash: "sha512" },
};

/** Adds a TSIG record (RFC 8945 4.2); the MAC is what the answer is verified with. */
export function sign(message: Buffer, key: TsigKey, now: Date): { signed: Buffer; mac: Buffer } {
  const { wireName } = hashes[key.algorithm];
  const time = secondsBytes(Math.floor(now.getTime() / 1_000));
  const mac = hmac(key, [message, variables(key, time, fudgeSeconds, 0, Buffer.alloc(0))]);
  const id = message.readUInt16BE(0);
  const data = [nameBytes(wireName), time, words(fudgeSeconds, mac.length), mac, words(id, 0, 0)];
  return { signed: withRecord(message, key.name, Buffer.concat(data)), mac };
}

/** Verifies the last record of an answer to a signed request (RFC 8945 5.3). An unsigned answer is not verified. */
export function verify(bytes: Buffer, received: Received, key: TsigKey, requestMac: Buffer, now: Date): Verdict {
  const record = received.additionals.at(-1);
  if (record?.type !== tsigType || record.name !== key.name) return { verified: false, error: 0 };
  const tsig = readTsig(record.data);
  if (tsig === undefined || tsig.algorithm !== hashes[key.algorithm].wireName) return { verified: false, error: 0 };
  const { time, fudge, mac, originalId, error, other } = tsig;
  const message = Buffer.from(bytes.subarray(0, received.lastRecordAt));
  message.writeUInt16BE(originalId, 0);
  message.writeUInt16BE(received.additionals.length - 1, 10);
  const prior = Buffer.concat([words(requestMac.length), requestMac]);
  const expected = hmac(key, [prior, message, variables(key, time, fudge, error, other)]);
  const genuine = mac.length === expected.length && timingSafeEqual(mac, expected);
  const offSeconds = Math.abs(time.readUIntBE(0, 6) - now.getTime() / 1_000);
  return genuine && error === 0 && offSeconds <= fudge ? { verified: true } : { verified: false, error };
}

function readTsig(data: Buffer) {
  try {
    const { name: algorithm, end } = readName(data, 0);
    const macSize = data.readUInt16BE(end + 8);
    const after = end + 10 + macSize;
    const mac = data.subarray(end + 10, after);
    const other = data.subarray(after + 6, after + 6 + data.readUInt16BE(after + 4));
    const numbers = { fudge: data.readUInt16BE(end + 6), originalId: data.readUInt16BE(after) };
    return {
      algorithm,
      time: data.subarray(end, end + 6),
      mac,
      error: data.readUInt16BE(after + 2),
      other,
      ...numbers,
    };
  } catch {
    return undefined;
  }
}

/** What is signed beside the message (RFC 8945 4.3.3). */
function variables(key: TsigKey, time: Buffer, fudge: number, error: number, other: Buffer): Buffer {
  const { wireName } = hashes[key.algorithm];
  const owner = [nameBytes(key.name), words(classAny, 0, 0), nameBytes(wireName)];
  return Buffer.concat([...owner, time, words(fudge, error, other.length), other]);
}

function hmac(key: TsigKey, parts: Buffer[]): Buffer {
  const digest = createHmac(hashes[key.algorithm].hash, key.secret);
  for (const part of parts) digest.update(part);
  return digest.digest();
}

function withRecord(message: Buffer, owner: string, data: Buffer): Buffer {
  const head = Buffer.concat([nameBytes(owner), words(tsigType, classAny, 0, 0, data.length)]);
  const counted = Buffer.from(message);
  counted.writeUInt16BE(message.readUInt16BE(10) + 1, 10);
  return Buffer.concat([counted, head, data]);
}

function secondsBytes(seconds: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(seconds, 0, 6);
  return bytes;
}

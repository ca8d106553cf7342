import * as dnsPacket from "dns-packet";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, encode, type Message, textData, textOf } from "../../../../adapters/dns/message.ts";
import { sign, type TsigKey, verify } from "../../../../adapters/dns/rfc2136/tsig.ts";

const none = { answers: [], authorities: [], additionals: [] };
const name = "_acme-challenge.one.test";

/** An update that adds a TXT record where no CNAME is. */
const update: Message = {
  ...none,
  id: 0x1234,
  flags: 5 << 11,
  questions: [{ name: "one.test", type: 6, class: 1 }],
  answers: [{ name, type: 5, class: 254, ttl: 0, data: Buffer.alloc(0) }],
  authorities: [{ name, type: 16, class: 1, ttl: 60, data: textData("v") }],
};
// As dnspython 2.9.2 writes it, and signs it with the key `key.one.test` at 2026-01-01T00:00:00Z.
const updateHex =
  "123428000001000100010000036f6e65047465737400000600010f5f61636d652d6368616c6c656e6765c00c000500fe000000000000c01a001000010000003c00020176";
const macs = {
  HMACMD5: "4939ed34d68e1099287e4fb0add0de4f",
  HMACSHA1: "7b15aee4bf2bd85c0f8868bf675bac32d95f2d23",
  HMACSHA256: "32eed1f6e463a9ffd8e936772679c2dc67e49e4d910ccd420add3726107b79b0",
  HMACSHA512:
    "04ca40752a348793d773d5ab564f3c82349f8481bde0640bad7e9ad1b540eaf812c82e10d74737af482c1d3a82d6e9644fded162e6de504c1b46fde54ef1762b",
};
const now = new Date("2026-01-01T00:00:00Z");
const keyOf = (algorithm: TsigKey["algorithm"]): TsigKey => ({
  name: "key.one.test",
  algorithm,
  secret: Buffer.from("a shared secret"),
});

describe("a DNS message", () => {
  it("is written as dnspython writes it", () => {
    expect(encode(update).toString("hex")).toBe(updateHex);
  });

  it("is read back as it was", () => {
    expect(decode(encode(update))).toMatchObject(update);
  });

  it("is what dns-packet reads", () => {
    const query = encode({ ...none, id: 7, flags: 0, questions: [{ name, type: 16, class: 1 }] });
    expect(dnsPacket.decode(query)).toMatchObject({ id: 7, questions: [{ name, type: "TXT", class: "IN" }] });
  });

  it("is read from dns-packet, with compressed names", () => {
    const soa = {
      mname: "ns.one.test",
      rname: "nobody.one.test",
      serial: 1,
      refresh: 1,
      retry: 1,
      expire: 1,
      minimum: 1,
    };
    const bytes = dnsPacket.encode({
      type: "response",
      id: 7,
      flags: 0x400,
      questions: [{ name, type: "TXT" }],
      answers: [{ name: name.toUpperCase(), type: "TXT", ttl: 9, data: ["one ", "value"] }],
      authorities: [{ name: "one.test", type: "SOA", ttl: 9, data: soa }],
    });
    const { answers, authorities } = decode(bytes);
    expect(answers.map((answer) => [answer.name, answer.ttl, textOf(answer.data)])).toEqual([[name, 9, "one value"]]);
    expect(authorities).toMatchObject([{ name: "one.test", type: 6 }]);
  });

  it.each([
    ["cut short", Buffer.from(updateHex, "hex").subarray(0, 60)],
    ["with a name that points at itself", Buffer.from("000080000001000000000000c00c00010001", "hex")],
    ["with a record that ends after it", Buffer.from("00008000000000010000000000001000010000003cffff", "hex")],
  ])("%s is none", (_, bytes) => {
    expect(() => decode(bytes)).toThrow(RangeError);
  });

  it("never does anything but read or throw, whatever arrives", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        try {
          decode(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });

  it("holds texts of any length in strings of at most 255 bytes", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 700 }), (text) => {
        expect(textOf(textData(text))).toBe(Buffer.from(text, "utf8").toString("utf8"));
      }),
    );
  });
});

describe("a TSIG record", () => {
  it.each(Object.entries(macs))("by %s is dnspython's", (algorithm, mac) => {
    const { mac: own, signed } = sign(Buffer.from(updateHex, "hex"), keyOf(algorithm as TsigKey["algorithm"]), now);
    expect(own.toString("hex")).toBe(mac);
    expect(signed.includes(own)).toBe(true);
    expect(decode(signed).additionals).toMatchObject([{ name: "key.one.test", type: 250, class: 255, ttl: 0 }]);
  });

  it("of an answer that is not bound to the request is not verified", () => {
    const key = keyOf("HMACSHA256");
    const { signed, mac } = sign(Buffer.from(updateHex, "hex"), key, now);
    // A request sent back is signed by the right key, but does not cover the request's MAC.
    expect(verify(signed, decode(signed), key, mac, now)).toEqual({ verified: false, error: 0 });
  });
});

import { createHash, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { jks } from "../../../../adapters/trust/jks.ts";
import { makeCa } from "../../../support/trust-certificates.ts";

/** What Sun's format says, by https://metastatic.org/source/JKS.html. */
function readJks(file: Uint8Array, password: string) {
  const bytes = Buffer.from(file);
  let at = 0;
  const take = (length: number) => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  const int32 = () => take(4).readUInt32BE();
  const utf = () => take(take(2).readUInt16BE()).toString("utf8");
  const [magic, version, count] = [int32(), int32(), int32()];
  const entries = Array.from({ length: count }, () => ({
    tag: int32(),
    alias: utf(),
    createdAt: Number(take(8).readBigInt64BE()),
    type: utf(),
    der: take(int32()),
  }));
  const keyed = createHash("sha1").update(Buffer.from(password, "utf16le").swap16()).update("Mighty Aphrodite");
  const digest = keyed.update(bytes.subarray(0, at)).digest();
  return { magic, version, entries, isIntact: digest.equals(take(20)), left: bytes.length - at };
}

describe("a JKS truststore", () => {
  it("is Sun's version 2: trusted entries of X.509 certificates, and a digest that the password keys", async () => {
    const [one, two] = await Promise.all([makeCa("CN=Root One, O=Example"), makeCa("CN=Root Zw\u00f6lf")]);
    const read = readJks(jks([one.der, two.der], "ch\u00e4ngeit"), "ch\u00e4ngeit");
    expect(read).toMatchObject({ magic: 0xfeedfeed, version: 2, isIntact: true, left: 0 });
    expect(read.entries.map(({ tag, type, der }) => ({ tag, type, der: der.toString("hex") }))).toEqual([
      { tag: 2, type: "X.509", der: one.der.toString("hex") },
      { tag: 2, type: "X.509", der: two.der.toString("hex") },
    ]);
    expect(readJks(jks([one.der], "changeit"), "other").isIntact).toBe(false);
  });

  it("names an entry by hash and subject, in lower case, and dates it by notBefore", async () => {
    const ca = await makeCa("CN=Root Zw\u00f6lf, O=Example", { now: new Date("2026-11-22T12:00:00Z"), from: -1 });
    const [entry] = readJks(jks([ca.der], "changeit"), "changeit").entries;
    const hash = createHash("sha256").update(ca.der).digest("hex").slice(0, 8);
    expect(entry?.alias).toBe(`${hash}|o=example,cn=root zw\u00f6lf`);
    expect(entry?.createdAt).toBe(new X509Certificate(ca.der).validFromDate.getTime());
  });

  it("tells two certificates of one subject apart, and cuts a name that is too long", async () => {
    const all = await Promise.all([makeCa("CN=Same"), makeCa("CN=Same"), makeCa(`CN=${"x".repeat(300)}`)]);
    const names = readJks(
      jks(
        all.map(({ der }) => der),
        "changeit",
      ),
      "changeit",
    ).entries.map(({ alias }) => alias);
    expect(new Set(names).size).toBe(3);
    expect(names[2]).toHaveLength(200);
  });

  it("writes what is outside the Basic Multilingual Plane as a question mark", async () => {
    const ca = await makeCa("CN=Root \u{1f512}");
    expect(readJks(jks([ca.der], "changeit"), "changeit").entries[0]?.alias).toMatch(/\|cn=root \?$/);
  });

  it("is the same for the same input, and may be empty", async () => {
    const { der } = await makeCa("CN=Root");
    expect(jks([der], "changeit")).toEqual(jks([der], "changeit"));
    expect(readJks(jks([], "changeit"), "changeit")).toMatchObject({ entries: [], isIntact: true });
  });
});

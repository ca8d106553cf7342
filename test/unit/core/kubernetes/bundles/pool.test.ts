import { describe, expect, it } from "vitest";
import { pemBlocks } from "../../../../../core/kubernetes/bundles/pem-blocks.ts";
import { pemOf, poolOf } from "../../../../../core/kubernetes/bundles/pool.ts";
import { makeCa } from "../../../../support/trust-certificates.ts";

const now = new Date("2026-11-22T12:00:00Z");
const [one, two, old] = await Promise.all([
  makeCa("CN=One", { now }),
  makeCa("CN=Two", { now }),
  makeCa("CN=Old", { now, from: -20, until: -1 }),
]);
const begin = "-----BEGIN CERTIFICATE-----";
const end = "-----END CERTIFICATE-----";
const body = one.pem.split("\n").slice(1, -2).join("\n");

function pool(...texts: string[]) {
  return poolOf(
    texts.map((pem, index) => ({ source: `source ${index}`, pem })),
    now,
  );
}

describe("the pool of a bundle", () => {
  it("drops what is expired and merges what is there twice, by its bytes and not its text", () => {
    const other = two.pem.replaceAll("\n", "\r\n").replace(begin, `# the second one\n\n  ${begin}`);
    const { counts, certificates } = pool(one.pem + old.pem, two.pem, other + one.pem);
    expect(counts).toEqual({ certificates: 2, expired: 1, duplicate: 2, malformed: 0 });
    expect(certificates.map(({ der }) => der.toString("hex")).sort()).toEqual(
      [one, two].map(({ der }) => der.toString("hex")).sort(),
    );
  });

  it("is in the order of the hashes, whatever the order of the sources", () => {
    const text = pemOf(pool(one.pem, two.pem));
    expect(text).toBe(pemOf(pool(two.pem, one.pem)));
    expect(text.match(/-----BEGIN/g)).toHaveLength(2);
    expect(text.endsWith(`${end}\n`)).toBe(true);
    const hashes = pool(two.pem, one.pem).certificates.map(({ hash }) => hash);
    expect(hashes).toEqual([...hashes].sort());
  });

  it("keeps a certificate that is no CA", async () => {
    const { cert } = await one.sign("www.example.com");
    expect(pool(cert).counts.certificates).toBe(1);
  });

  it("keeps one until the instant of its end, and not longer", () => {
    const [{ notAfter } = { notAfter: 0 }] = pool(one.pem).certificates;
    const at = (time: number) => poolOf([{ source: "s", pem: one.pem }], new Date(time)).counts;
    expect(at(notAfter)).toMatchObject({ certificates: 1, expired: 0 });
    expect(at(notAfter + 1)).toMatchObject({ certificates: 0, expired: 1 });
  });

  it.each([
    ["without END", `${begin}\n${body}\n`, "line 1: the certificate has no END line"],
    ["with another END", `${begin}\n${body}\n-----END X-----\n`, "line 1: the certificate ends as another block"],
    ["that is not base64", `# a\n${begin}\nnot base64!\n${end}\n`, "line 2: the certificate is not base64"],
    ["that is empty", `${begin}\n${end}\n`, "line 1: the certificate is not base64"],
    ["cut off by the next", `${begin}\n${body.slice(0, 64)}\n${two.pem}`, "line 1: the certificate has no END line"],
    [
      "on one line",
      `${begin}${body.replaceAll("\n", "")}${end}`,
      "line 1: the certificate has its BEGIN not on a line of its own",
    ],
  ])("leaves out a certificate %s, and says where it stood", (_, text, fault) => {
    const { counts, malformed, certificates } = pool(two.pem, text);
    expect(counts.malformed).toBe(1);
    expect(malformed).toEqual([`source 1, ${fault}`]);
    expect(certificates.map(({ der }) => der.toString("hex"))).toEqual([two.der.toString("hex")]);
  });

  it.each([
    [
      "a private key",
      `${two.pem}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----`,
      /line \d+: a block "PRIVATE KEY"/,
    ],
    ["half a private key", "-----BEGIN RSA PRIVATE KEY-----\nAAAA", /line 1: a block "RSA PRIVATE KEY"/],
    [
      "another block",
      "-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n-----END TRUSTED CERTIFICATE-----",
      /a block "TRUSTED CERTIFICATE"/,
    ],
    ["a certificate with headers", `${begin}\nNote: mine\n\n${body}\n${end}`, /line 1: a certificate with PEM headers/],
    [
      "base64 of something else",
      `\n${begin}\nbm90IGEgY2VydGlmaWNhdGU=\n${end}\n`,
      /source 0, line 2: the block is no X.509/,
    ],
  ])("refuses %s, with source and line and without what it says", (_, text, message) => {
    expect(() => pool(text)).toThrow(
      expect.objectContaining({ reason: "SourceInvalid", message: expect.stringMatching(message) }),
    );
    expect(() => pool(text)).not.toThrow(/AAAA|bm90/);
  });

  it("may be empty of texts without a block", () => {
    expect(pool("", "only words\n").counts).toEqual({ certificates: 0, expired: 0, duplicate: 0, malformed: 0 });
    expect(pemOf({ certificates: [] })).toBe("");
  });
});

describe("PEM", () => {
  it("is read whatever ends its lines", () => {
    for (const newline of ["\n", "\r\n", "\r"]) {
      const [block] = pemBlocks(one.pem.replaceAll("\n", newline));
      expect(block).toMatchObject({ label: "CERTIFICATE", line: 1, der: one.der, hasHeaders: false });
    }
  });
});

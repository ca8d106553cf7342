import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { baseName, isWildcard, recordNameFor, toALabel } from "../../../core/dns-name.ts";

describe("toALabel", () => {
  it.each([
    ["WWW.Example.COM", "www.example.com"],
    ["*.Example.com", "*.example.com"],
    ["m\u00fcnchen.de", "xn--mnchen-3ya.de"],
    ["*.M\u00dcNCHEN.de", "*.xn--mnchen-3ya.de"],
    ["xn--mnchen-3yA.de", "xn--mnchen-3ya.de"],
    ["\u4f8b\u3048\u3002jp", "xn--r8jz45g.jp"],
    ["fa\u00df.de", "xn--fa-hia.de"],
    ["localhost", "localhost"],
    ["3com.com", "3com.com"],
    [`${"a".repeat(63)}.de`, `${"a".repeat(63)}.de`],
  ])("makes %s into %s", (text, name) => {
    expect(toALabel(text)).toBe(name);
  });

  it.each([
    ["1.2"],
    ["10.0.0.1"],
    ["\uff11.\uff12.\uff13.\uff14"],
    ["ex%41mple.com"],
    ["\u00fcx%41.de"],
    ["\u00fc b.de"],
    [`${"\u00fc".repeat(60)}.de`],
    ["*"],
    ["*."],
    [""],
    ["a.b-"],
    ["a\u0000.de"],
    ["\u0000\u00fc.de"],
  ])("refuses %j", (text) => {
    expect(toALabel(text)).toBeUndefined();
  });

  it("leaves its own result alone and always fits the DNS", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.domain(),
          fc.string({ unit: "grapheme" }),
          fc.string().map((text) => `\u00fc${text}.de`),
        ),
        (text) => {
          const name = toALabel(text);
          if (name === undefined) return;
          expect(toALabel(name)).toBe(name);
          expect(name).toMatch(/^(\*\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
          expect(name.length).toBeLessThanOrEqual(253);
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

describe("a name", () => {
  it("has its record at the base of a wildcard", () => {
    expect(recordNameFor("*.example.com")).toBe("_acme-challenge.example.com");
    expect(recordNameFor("example.com")).toBe("_acme-challenge.example.com");
    expect([isWildcard("*.a.de"), isWildcard("a.de"), baseName("*.a.de"), baseName("a.de")]).toEqual([
      true,
      false,
      "a.de",
      "a.de",
    ]);
  });
});

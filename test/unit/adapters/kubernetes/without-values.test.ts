import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withoutValues } from "../../../../adapters/kubernetes/without-values.ts";

const pem = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----";

describe("an apiserver's message", () => {
  const rows: [string, string, string][] = [
    [
      "a quoted value",
      'type: Invalid value: "geheim": field is immutable',
      "type: Invalid value: (cut): field is immutable",
    ],
    ["a quote in a quoted value", 'a: Invalid value: "ge\\"heim": no', "a: Invalid value: (cut): no"],
    ["a number", "a: Invalid value: 4711: must be less", "a: Invalid value: (cut): must be less"],
    ["a map", 'a: Invalid value: {"k":"geheim"}: no', "a: Invalid value: (cut)"],
    ["bytes", "a: Invalid value: []byte{0x67, 0x65}: no", "a: Invalid value: (cut)"],
    [
      "a value that is one of a list",
      'a: Unsupported value: "geheim": supported values: "x"',
      "a: Unsupported value: (cut): supported values: (cut)",
    ],
    ["a value that is there twice", 'a: Duplicate value: "geheim"', "a: Duplicate value: (cut)"],
    ["what a decoder found", "expected string, got &value.valueUnstructured{Value:geheim}", "expected string (cut)"],
    ["what a parser found", 'error found in #10 byte of ...|"geheim"|..., bigger context', " (cut)"],
    ["a key", `denied: ${pem}`, "denied: (cut)"],
    ["base64", `illegal: ${"QUJD".repeat(20)} end`, "illegal: (cut) end"],
    ["any quote", 'admission webhook denied "geheim"', "admission webhook denied (cut)"],
    ["no value", "data[tls.crt]: Required value", "data[tls.crt]: Required value"],
    [
      "a reason without a value",
      "data: Forbidden: field is immutable when `immutable` is set",
      "data: Forbidden: field is immutable when (cut) is set",
    ],
    ["names we chose ourselves", 'secrets "www-tls" in "web" is bad', 'secrets "www-tls" in "web" is bad'],
  ];

  it.each(rows)("loses %s", (_, message, expected) => {
    expect(withoutValues(message, [], ["www-tls", "web"])).toBe(expected);
  });

  it("is told by its causes when it has some, field by field", () => {
    const causes = [
      { field: "data[a b]", message: 'Invalid value: "geheim": a valid key must consist of' },
      { message: "something else" },
    ];
    expect(withoutValues("geheim", causes, [])).toBe(
      "data[a b]: Invalid value: (cut): a valid key must consist of; something else",
    );
  });

  it("is not endless", () => {
    expect(withoutValues("ab ".repeat(1000), [], []).length).toBeLessThan(520);
  });

  it("never shows a Secret that is quoted whole, whatever its values are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 4 }), async (value) => {
        const quoted = JSON.stringify(JSON.stringify({ data: { a: `<<${value}>>` } }));
        const shown = withoutValues(`patch: Invalid value: ${quoted}: illegal base64 data`, [], []);
        expect(shown).toBe("patch: Invalid value: (cut): illegal base64 data");
      }),
    );
  });
});

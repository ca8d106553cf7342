import { globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const page = readFileSync("docs/reliability.md", "utf8");
const sources = [...globSync("test/chaos/*.ts"), ...globSync("test/support/chaos/*.ts")].map((file) =>
  // A long text in two parts is one.
  readFileSync(file, "utf8").replaceAll(/" \+\s+"/g, ""),
);
/** What rows may be called: the texts in the sources; a placeholder stands for anything. */
const texts = sources
  .flatMap((source) => [...source.matchAll(/"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g)])
  .map(asPattern);

function asPattern([, plain, template]: RegExpMatchArray): RegExp {
  const text = (plain ?? template ?? "").replaceAll('\\"', '"');
  const fixed = text.split(/\$\{(?:[^{}]|\{[^{}]*\})*\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  // A text of placeholders only would fit everything.
  const tells = fixed.join("").replaceAll(/\W/g, "").length >= 4;
  return tells ? new RegExp(`^${fixed.join("[\\s\\S]+")}$`) : /^$/;
}

const results = page.slice(page.indexOf("<!-- results"), page.indexOf("<!-- end of results"));
const headings = [...results.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading ?? "");
const faults = [...results.matchAll(/^\| (.+?) (?<!\\)\|/gm)]
  .map(([, fault]) => (fault ?? "").replaceAll("\\|", "|"))
  .filter((fault) => fault !== "fault" && fault !== "---");

describe("docs/reliability.md", () => {
  it("shows the results of at least 60 rows, and no failure", () => {
    expect(faults.length).toBeGreaterThanOrEqual(60);
    expect(results).not.toContain("FAILED");
  });

  it("has only headings and rows that test/chaos has", () => {
    const unknown = [...headings, ...faults].filter((text) => !texts.some((pattern) => pattern.test(text)));
    expect(unknown).toEqual([]);
  });

  it("would see a row that is gone", () => {
    expect(texts.some((pattern) => pattern.test("The moon falls onto the emulator"))).toBe(false);
  });
});

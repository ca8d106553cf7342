import { type Document, isScalar, parseDocument, visit, type YAMLMap, type YAMLParseError } from "yaml";
import { invalidValue, quote } from "./field-fault.ts";

/** Enough for an anchor or two; more is an attempt at an expansion bomb. */
const mostAliases = 20;
const tooDeep = "is nested too deeply or repeats anchors too often";

/** uniqueKeys compares every key with every other: repeatedKey() does it in one pass. */
const yamlOptions = { uniqueKeys: false, prettyErrors: false, stringKeys: true, merge: true, resolveKnownTags: false };

/** The value of one JSON or YAML document, or the words of what is wrong with it, without any of its text but a repeated key. */
export function readYaml(text: string): { value: unknown } | { problem: string } {
  try {
    return readDocument(text);
  } catch {
    // The parser's own words may quote the text, so they are not shown.
    return { problem: invalidValue('"(text)"', tooDeep) };
  }
}

function readDocument(text: string): { value: unknown } | { problem: string } {
  const document = parseDocument(text, yamlOptions);
  const error = document.errors[0];
  if (error) return { problem: invalidValue('"(text)"', wordsFor(error, text)) };
  const repeated = repeatedKey(document);
  if (repeated !== undefined) return { problem: invalidValue('"(text)"', `key ${quote(repeated)} already set in map`) };
  return { value: document.toJS({ maxAliasCount: mostAliases }) };
}

/** What follows a colon in the parser's words may be the user's text. */
function wordsFor({ code, message, pos }: YAMLParseError, text: string): string {
  if (code === "RESOURCE_EXHAUSTION") return tooDeep;
  if (code === "MULTIPLE_DOCS") return "must be one document";
  const lines = text.slice(0, pos[0]).split("\n");
  const words = message.split(":")[0] ?? "";
  return `line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}: ${words.replace(/\.$/, "")}`;
}

function repeatedKey(document: Document.Parsed): string | undefined {
  let repeated: string | undefined;
  visit(document, {
    Map: (_, map) => {
      repeated ??= repeatedIn(map);
    },
  });
  return repeated;
}

function repeatedIn(map: YAMLMap): string | undefined {
  const seen = new Set<string>();
  for (const { key } of map.items) {
    const name = isScalar(key) ? String(key.value) : "";
    if (seen.has(name) && name !== "<<") return name;
    seen.add(name);
  }
  return undefined;
}

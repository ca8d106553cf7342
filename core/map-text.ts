import { type Document, isScalar, parseDocument, visit, type YAMLMap, type YAMLParseError } from "yaml";
import { type FieldFault, invalidValue, quote, requiredValue, tooLong } from "./field-fault.ts";
import { isMap } from "./field-reader.ts";

const longestTextBytes = 64 * 1024;
/** Enough for an anchor or two; more is an attempt at an expansion bomb. */
const mostAliases = 20;
const tooDeep = "is nested too deeply or repeats anchors too often";

/** uniqueKeys compares every key with every other: repeatedKey() does it in one pass. */
const yamlOptions = { uniqueKeys: false, prettyErrors: false, stringKeys: true, merge: true, resolveKnownTags: false };

/** A map as it is, or from a text of one JSON or YAML document of at most 64 KB; `path` names it in the fault. */
export function readMap(value: unknown, path: string): { map: Record<string, unknown> } | { fault: FieldFault } {
  if (value === undefined || value === null || value === "") {
    const fix = `write ${path} as a map, or as a text of YAML or JSON`;
    return { fault: { path, message: requiredValue("must be specified"), fix } };
  }
  const content = typeof value === "string" ? readText(value) : { value };
  if ("problem" in content) {
    const fix = `correct the text of ${path}: it is one YAML or JSON document of at most 64 KB`;
    return { fault: { path, message: content.problem, fix } };
  }
  if (isMap(content.value)) return { map: content.value };
  const message = invalidValue('"(no map)"', "must be of type object");
  return { fault: { path, message, fix: `write ${path} as one map of fields` } };
}

function readText(text: string): { value: unknown } | { problem: string } {
  if (new TextEncoder().encode(text).length > longestTextBytes) return { problem: tooLong(longestTextBytes) };
  try {
    return readYaml(text);
  } catch {
    // The parser's own words may quote the text, so they are not shown.
    return { problem: invalidValue('"(text)"', tooDeep) };
  }
}

function readYaml(text: string): { value: unknown } | { problem: string } {
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

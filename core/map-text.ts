import { type FieldFault, invalidValue, requiredValue, tooLong } from "./field-fault.ts";
import { isMap } from "./field-reader.ts";

const longestTextBytes = 64 * 1024;

let reader: typeof import("./yaml-text.ts") | undefined;

/**
 * Comes before the readMap() of values from outside: loads what reads texts if one of these is a text. It is a sixth of a
 * function's code, and most objects are maps.
 */
export async function openTexts(...values: unknown[]): Promise<void> {
  if (values.some((value) => typeof value === "string" && value !== "")) reader ??= await import("./yaml-text.ts");
}

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
  if (!reader) throw new Error("a text came to readMap() that openTexts() has not seen");
  return reader.readYaml(text);
}

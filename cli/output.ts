import { stringify } from "yaml";
import { UsageError } from "./failure.ts";

const formats = ["table", "wide", "json", "yaml"] as const;
export type Format = (typeof formats)[number];

/** What -o says; a plain table without it. Throws UsageError. */
export function parseFormat(text: string | undefined): Format {
  const format = formats.find((known) => known === (text ?? "table"));
  if (!format) throw new UsageError(`-o ${text} is not known: it is one of wide, json, yaml`);
  return format;
}

/** An object as indented JSON, or as YAML without anchors and folded lines, quoted so that YAML 1.1 (kubectl) reads the same. */
export function document(value: object, format: "json" | "yaml"): string {
  if (format === "json") return JSON.stringify(value, undefined, 4);
  return stringify(value, { version: "1.1", aliasDuplicateObjects: false, lineWidth: 0 }).trimEnd();
}

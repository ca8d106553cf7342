import { readMap } from "../core/map-text.ts";
import type { StoredRequest } from "../core/ports.ts";

/** What a user wrote, in Kubernetes' shape, whether it is valid or not. */
export interface Written {
  apiVersion: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** A map; a string that is neither YAML nor JSON stays a string. */
  spec: unknown;
}

/** Reads a stored request tolerantly: `get` and `describe` show bad objects too. */
export function asWritten(stored: StoredRequest): Written {
  const metadata = asMap(fromText(stored.metadata));
  return {
    apiVersion: typeof stored.apiVersion === "string" ? stored.apiVersion : "certwright.dev/v1",
    labels: texts(metadata.labels),
    annotations: texts(metadata.annotations),
    spec: fromText(stored.spec) ?? {},
  };
}

/** One field of a value, down a path; undefined as soon as a step does not exist. */
export function at(value: unknown, ...path: string[]): unknown {
  let found = value;
  for (const part of path) found = asMap(found)[part];
  return found;
}

/** The text at a path, or undefined when something else is there. */
export function textAt(value: unknown, ...path: string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" ? found : undefined;
}

/** A value that is a map, else an empty one. */
export function asMap(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function fromText(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const read = readMap(value, "");
  return "map" in read ? read.map : value;
}

function texts(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(asMap(value)).map(([key, text]) => [key, String(text)]));
}

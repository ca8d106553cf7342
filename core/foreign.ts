import { isMap, readTextMap } from "./field-reader.ts";
import { readJson } from "./json-text.ts";
import { type Foreign, ownKeys } from "./secret-keys.ts";
import { baseLabel, isBaseAnnotation } from "./secret-metadata.ts";
import type { SecretTemplate } from "./secret-template.ts";

/**
 * What of a stored secret's text is not ours: neither by its name, nor from the template that it was written with, nor from
 * the one of today. Undefined when there is nothing.
 */
export function foreignIn(text: string, template: SecretTemplate): Foreign | undefined {
  const value = readJson(text);
  if (!isMap(value)) return undefined;
  const metadata = isMap(value.metadata) ? value.metadata : {};
  const written = isMap(metadata.template) ? metadata.template : {};
  const annotations = readTextMap(metadata.annotations, "", []);
  const labels = readTextMap(metadata.labels, "", []);
  const ours = { annotations: namesIn(written.annotations), labels: namesIn(written.labels) };
  const foreign: Foreign = {
    keys: without(value, (name) => ownKeys.includes(name)),
    annotations: without(
      annotations,
      (name) => isBaseAnnotation(name) || ours.annotations.includes(name) || Object.hasOwn(template.annotations, name),
    ),
    labels: without(
      labels,
      (name) => name === baseLabel || ours.labels.includes(name) || Object.hasOwn(template.labels, name),
    ),
  };
  return Object.values(foreign).some((part) => Object.keys(part).length > 0) ? foreign : undefined;
}

function namesIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((name): name is string => typeof name === "string") : [];
}

function without<Value>(map: Record<string, Value>, isOurs: (name: string) => boolean): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(map)
      .filter(([name]) => !isOurs(name))
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

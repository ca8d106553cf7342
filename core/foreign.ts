import { isMap, readTextMap } from "./field-reader.ts";
import { readJson } from "./json-text.ts";
import { type Foreign, ownKeys } from "./secret-keys.ts";
import { baseLabel, isBaseAnnotation } from "./secret-metadata.ts";
import type { SecretTemplate, TemplateNames } from "./secret-template.ts";

/**
 * What of a stored secret's text is not ours: neither by its name, nor from the template of today, nor by the names that an
 * earlier one left. The release before noted those in the secret itself. Undefined when there is nothing.
 */
export function foreignIn(text: string, template: SecretTemplate, left?: TemplateNames): Foreign | undefined {
  const value = readJson(text);
  if (!isMap(value)) return undefined;
  const metadata = isMap(value.metadata) ? value.metadata : {};
  const ours = namesOf(template, left, isMap(metadata.template) ? metadata.template : {});
  const foreign: Foreign = {
    keys: without(value, (name) => ownKeys.includes(name)),
    annotations: without(
      readTextMap(metadata.annotations, "", []),
      (name) => isBaseAnnotation(name) || ours.annotations.has(name),
    ),
    labels: without(readTextMap(metadata.labels, "", []), (name) => name === baseLabel || ours.labels.has(name)),
  };
  return Object.values(foreign).some((part) => Object.keys(part).length > 0) ? foreign : undefined;
}

function namesOf(template: SecretTemplate, left: TemplateNames | undefined, noted: Record<string, unknown>) {
  const of = (part: keyof TemplateNames) =>
    new Set([...Object.keys(template[part]), ...(left?.[part] ?? []), ...namesIn(noted[part])]);
  return { annotations: of("annotations"), labels: of("labels") };
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

import { isMap, readTextMap } from "../field-reader.ts";
import { readJson } from "../json-text.ts";
import { baseLabel, isBaseAnnotation } from "../secret-metadata.ts";

/** Why a stored secret is written anew: cert-manager's reason, and the names of what differs, never a value. */
export interface Difference {
  reason: string;
  message: string;
}

/** How the text of a stored secret differs from the wanted one, whatever the order of its keys; undefined when it does not. */
export function difference(current: string, wanted: string): Difference | undefined {
  const [there, asked] = [partsOf(current), partsOf(wanted)];
  const names = [...new Set([...there.keys(), ...asked.keys()])].filter((name) => there.get(name) !== asked.get(name));
  if (names.length === 0) return undefined;
  const message = `rewrote ${names.sort().slice(0, mostNames).join(", ")}${names.length > mostNames ? " ..." : ""}`;
  return { ...reasonOf(names), message };
}

const mostNames = 8;
const metadata = "metadata.";

/** In cert-manager's order: metadata, template, formats, keystores; what else there is of ours counts as the last. */
function reasonOf(names: string[]): Pick<Difference, "reason"> {
  const named = names.filter((name) => name.startsWith(metadata)).map((name) => name.split(" ")[1] ?? "");
  const isBase = (name: string) => isBaseAnnotation(name) || name === baseLabel;
  if (named.some(isBase)) return { reason: "SecretManagedMetadataMismatch" };
  if (named.length > 0) return { reason: "SecretTemplateMismatch" };
  const isFormat = names.some((name) => name === "key.der" || name === "tls-combined.pem");
  return { reason: isFormat ? "AdditionalOutputFormatsMismatch" : "SecretMismatch" };
}

/** The names and texts of all that a stored secret holds: `tls.crt`, `metadata.labels team`. */
function partsOf(text: string): Map<string, string> {
  const value = readJson(text);
  if (!isMap(value)) return new Map([["everything", text]]);
  const { metadata: described, ...keys } = value;
  const about = isMap(described) ? described : {};
  const under = (part: "annotations" | "labels") =>
    Object.entries(readTextMap(about[part], "", [])).map(([name, one]) => [`${metadata}${part} ${name}`, one] as const);
  return new Map([
    ...Object.entries(keys).map(([name, one]) => [name, typeof one === "string" ? one : JSON.stringify(one)] as const),
    ...under("annotations"),
    ...under("labels"),
  ]);
}

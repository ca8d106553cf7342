import { createHash } from "node:crypto";
import { isMap } from "../field-reader.ts";
import { type FieldPath, ourFields } from "./ownership.ts";
import type { KubernetesObject } from "./port.ts";

/** What a mirrored Secret holds of ours. */
export interface Rendered {
  /** Base64. */
  data: Record<string, string>;
  annotations: Record<string, string>;
  labels: Record<string, string>;
}

export const mirrorAnnotations = {
  /** `<namespace>/<name>` of the Certificate. */
  certificate: "certwright.dev/certificate",
  /** Its revision, in decimal. */
  revision: "certwright.dev/revision",
  /** "true", set by a human: certwright may take over a Secret that it did not make. */
  adopt: "certwright.dev/adopt",
} as const;

/** A stored secret's keys and metadata, and whose it is. */
export interface Content {
  certificate: { namespace: string; name: string };
  revision: number;
  /** Text, but base64 where `isBinary`. */
  keys: Record<string, string>;
  annotations: Record<string, string>;
  labels: Record<string, string>;
}

/** The fields of the Secret, as cert-manager has them. */
export function render({ certificate, revision, keys, annotations, labels }: Content): Rendered {
  const encode = ([key, value]: [string, string]) =>
    [key, Buffer.from(value, isBinary(key) ? "base64" : "utf8").toString("base64")] as const;
  return {
    data: Object.fromEntries(Object.entries(keys).map(encode)),
    annotations: {
      ...annotations,
      [mirrorAnnotations.certificate]: `${certificate.namespace}/${certificate.name}`,
      [mirrorAnnotations.revision]: String(revision),
    },
    labels,
  };
}

/** Keystores and DER lie in base64 in the stored secret already. */
function isBinary(key: string): boolean {
  return /\.(jks|p12|pfx|der)$/.test(key);
}

/** SHA-256 of what is wanted, and where: `place` is anything that makes another Secret of it. Hex. */
export function hashOf(rendered: Rendered, place: string[]): string {
  const sorted = (map: Record<string, string>) => Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = [place, sorted(rendered.data), sorted(rendered.annotations), sorted(rendered.labels)];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** The object to apply. The type of a Secret cannot be changed, so the one that is there is kept. */
export function secretOf(
  rendered: Rendered,
  place: { namespace: string; name: string },
  there: KubernetesObject | undefined,
): KubernetesObject {
  const { data, annotations, labels } = rendered;
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { ...place, annotations, labels },
    type: there?.type ?? "kubernetes.io/tls",
    data,
  };
}

/** Fields of ours that are not as wanted, those among them that only we own and no longer want; empty when all is well. */
export function differences(
  rendered: Rendered,
  there: KubernetesObject | undefined,
  fieldManager: string,
): { wrong: FieldPath[]; surplus: FieldPath[] } {
  const wanted = wantedFields(rendered);
  const wrong = wanted.filter(([path, value]) => valueAt(there, path) !== value).map(([path]) => path);
  const known = new Set(wanted.map(([path]) => path.join("\n")));
  const owned = there ? ourFields(there, fieldManager) : [];
  return { wrong, surplus: owned.filter((path) => !known.has(path.join("\n"))) };
}

/** `data.tls.crt` */
export function shownPaths(paths: FieldPath[]): string {
  return paths.map((path) => path.join(".")).join(", ");
}

/** The bytes that the Secret would hold, other people's keys among them. */
export function sizeOf({ data }: Rendered, there: KubernetesObject | undefined): number {
  const all = { ...(isMap(there?.data) ? there.data : {}), ...data };
  return Object.values(all).reduce<number>((sum, value) => sum + Buffer.byteLength(String(value), "base64"), 0);
}

/** The text of a key of a Secret; undefined when it is not there. */
export function textAt(there: KubernetesObject, key: string): string | undefined {
  const value = valueAt(there, ["data", key]);
  return typeof value === "string" ? Buffer.from(value, "base64").toString() : undefined;
}

function wantedFields({ data, annotations, labels }: Rendered): [FieldPath, string][] {
  const under = (place: FieldPath, map: Record<string, string>) =>
    Object.entries(map).map(([key, value]): [FieldPath, string] => [[...place, key], value]);
  return [
    ...under(["data"], data),
    ...under(["metadata", "annotations"], annotations),
    ...under(["metadata", "labels"], labels),
  ];
}

function valueAt(object: unknown, path: FieldPath): unknown {
  let found = object;
  for (const name of path) found = isMap(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  return found;
}

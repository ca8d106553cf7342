import { isMap } from "../field-reader.ts";
import type { KubernetesObject, ManagedFields } from "./port.ts";

/** A field that a mirror writes: `["data", "tls.crt"]`, `["metadata", "annotations", "certwright.dev/revision"]`. */
export type FieldPath = string[];

/** Where Secrets and ConfigMaps have fields of ours. */
const places: FieldPath[] = [["data"], ["binaryData"], ["metadata", "annotations"], ["metadata", "labels"]];

/** The other managers that own some of these fields; who owns the same value with us is among them. */
export interface OtherOwners {
  /** By server-side apply, or controllers known to come back: never forced. */
  applied: string[];
  /** By an edit. */
  edited: string[];
}

/** Who else owns one of these fields (https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management). */
export function otherOwners(
  there: KubernetesObject | undefined,
  paths: FieldPath[],
  fieldManager: string,
): OtherOwners {
  const others = entries(there).filter(
    (entry) => entry.manager !== fieldManager && paths.some((path) => owns(entry, path)),
  );
  const names = (wanted: boolean) =>
    [...new Set(others.filter((entry) => returns(entry) === wanted).map(({ manager }) => manager))].sort();
  return { applied: names(true), edited: names(false) };
}

/** Whether this installation has applied something to the object. */
export function appliedByUs(there: KubernetesObject, fieldManager: string): boolean {
  return entries(there).some((entry) => isOurs(entry, fieldManager));
}

/** The fields of a Secret that we own. */
export function ourFields(there: KubernetesObject, fieldManager: string): FieldPath[] {
  const ours = entries(there).filter((entry) => isOurs(entry, fieldManager));
  return ours.flatMap((entry) => places.flatMap((place) => keysUnder(entry, place).map((key) => [...place, key])));
}

function entries(
  { metadata }: KubernetesObject = { apiVersion: "", kind: "", metadata: { name: "" } },
): ManagedFields[] {
  return metadata.managedFields ?? [];
}

function isOurs({ manager, operation }: ManagedFields, fieldManager: string): boolean {
  return manager === fieldManager && operation === "Apply";
}

/** Older releases of cert-manager, and whoever runs it without server-side apply, write by Update and come back too. */
function returns({ manager, operation }: ManagedFields): boolean {
  return operation === "Apply" || /^cert-?manager|^certwright-/.test(manager);
}

function owns({ fieldsV1 }: ManagedFields, path: FieldPath): boolean {
  const parent = at(fieldsV1, path.slice(0, -1));
  return parent !== undefined && Object.hasOwn(parent, `f:${path.at(-1)}`);
}

function keysUnder({ fieldsV1 }: ManagedFields, place: FieldPath): string[] {
  const keys = Object.keys(at(fieldsV1, place) ?? {});
  return keys.filter((key) => key.startsWith("f:")).map((key) => key.slice(2));
}

/** FieldsV1 nests `f:<name>`; `.` stands for the map itself. */
function at(fields: Record<string, unknown> | undefined, path: FieldPath): Record<string, unknown> | undefined {
  let found: unknown = fields;
  for (const name of path) found = isMap(found) && Object.hasOwn(found, `f:${name}`) ? found[`f:${name}`] : undefined;
  return isMap(found) ? found : undefined;
}

import type { KubernetesObject, ManagedFields } from "../../core/kubernetes/port.ts";

/** A field by its keys: `["data", "tls.crt"]`. Lists are one field each, as if all were atomic. */
export type Path = readonly string[];
/** By `nameOf(path)`. */
export type FieldSet = Map<string, Path>;
export interface Owner {
  manager: string;
  operation: "Apply" | "Update";
  subresource?: string;
  fields: FieldSet;
}

/** What nobody owns: the apiserver's own. */
const unowned = new Set(
  [
    ["apiVersion"],
    ["kind"],
    ...["name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"].map(
      (key) => ["metadata", key],
    ),
  ].map(nameOf),
);

/** The leaves that an object sets; an empty map is one. */
export function leavesOf(object: object): FieldSet {
  const leaves: FieldSet = new Map();
  const walk = (value: unknown, path: Path) => {
    if (unowned.has(nameOf(path))) return;
    const inner = isMap(value) ? Object.entries(value) : [];
    for (const [key, part] of inner) walk(part, [...path, key]);
    if (inner.length === 0 && path.length > 0 && value !== undefined) leaves.set(nameOf(path), path);
  };
  walk(object, []);
  return leaves;
}

/** Who makes a map by Update owns it as such, too: `"."`. */
export function newMaps(before: object | undefined, after: object): FieldSet {
  const parents = [...leavesOf(after).values()].map((path) => path.slice(0, -1));
  const made = parents.filter(
    (path) => path.length > 1 - Number(path[0] !== "metadata") && valueAt(before, path) === undefined,
  );
  return new Map(made.map((path) => [nameOf([...path, "."]), [...path, "."]]));
}

function nameOf(path: Path): string {
  return JSON.stringify(path);
}

/** `.data.tls.crt`, as conflicts are told. */
export function dotted(path: Path): string {
  return path.map((key) => `.${key}`).join("");
}

export function valueAt(object: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    object,
  );
}

/** Takes a field out, and the maps that are left empty by it. */
export function removeAt(object: Record<string, unknown>, path: Path): void {
  const [key, ...rest] = path;
  if (key === undefined || !Object.hasOwn(object, key)) return;
  const inner = object[key];
  if (rest.length === 0) delete object[key];
  else if (isMap(inner)) {
    removeAt(inner, rest);
    if (Object.keys(inner).length === 0 && key !== "metadata") delete object[key];
  }
}

/** Lays one object over another; lists and scalars replace. With `merge` null removes (RFC 7386). */
export function overlay(under: unknown, over: unknown, merge = false): unknown {
  if (!isMap(over)) return structuredClone(over);
  const result: Record<string, unknown> = isMap(under) ? { ...under } : {};
  for (const [key, value] of Object.entries(over)) {
    if (merge && value === null) delete result[key];
    else result[key] = overlay(result[key], value, merge);
  }
  return result;
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function sameValue(one: unknown, other: unknown): boolean {
  return sorted(one) === sorted(other);
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    isMap(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}

/** `metadata.managedFields` as the apiserver shows it. */
export function shownOwners(owners: readonly Owner[], object: KubernetesObject): ManagedFields[] {
  return [...owners]
    .filter(({ fields }) => fields.size > 0)
    .sort((one, other) => (one.operation < other.operation ? -1 : 1))
    .map(({ manager, operation, subresource, fields }) => ({
      manager,
      operation,
      apiVersion: object.apiVersion,
      fieldsType: "FieldsV1",
      fieldsV1: treeOf(fields),
      ...(subresource !== undefined && { subresource }),
    }));
}

function treeOf(fields: FieldSet): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  for (const path of fields.values()) {
    let node = tree;
    for (const key of path.map((part) => (part === "." ? part : `f:${part}`))) {
      const inner = (node[key] ?? {}) as Record<string, unknown>;
      node[key] = inner;
      node = inner;
    }
  }
  return tree;
}

import type { KubernetesStatus } from "../../adapters/kubernetes/faults.ts";
import { places } from "../../adapters/kubernetes/resources.ts";
import type { KubernetesKind, KubernetesObject } from "../../core/kubernetes/port.ts";
import type { Path } from "./fake-kubernetes-fields.ts";
import { dotted, isMap, sameValue } from "./fake-kubernetes-fields.ts";

const mebibyte = 1024 * 1024;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** What a Secret of a type must hold; empty values are taken. */
const required: Record<string, string[]> = { "kubernetes.io/tls": ["tls.crt", "tls.key"] };

interface Cause {
  reason: string;
  message: string;
  field: string;
}

/** Refuses an object as kube-apiserver 1.36 does; `before` is what it replaces. */
export function refusalOf(
  object: KubernetesObject,
  before: KubernetesObject | undefined,
): KubernetesStatus | undefined {
  if (JSON.stringify(object).length > 3 * mebibyte)
    return { code: 413, reason: "RequestEntityTooLarge", message: "limit is 3145728" };
  if (object.kind === "Secret" && !valuesOf(object.data).every((value) => base64.test(value)))
    return { code: 500, message: "failed to convert new object: error decoding from json: illegal base64 data" };
  const causes = object.kind === "Secret" || object.kind === "ConfigMap" ? causesOf(object, before) : [];
  return causes.length > 0 ? invalid(object, causes) : undefined;
}

function causesOf(object: KubernetesObject, before: KubernetesObject | undefined): Cause[] {
  const causes: Cause[] = [];
  const isSecret = object.kind === "Secret";
  const encoded = isSecret ? valuesOf(object.data) : valuesOf(object.binaryData);
  const plain = isSecret ? [] : valuesOf(object.data);
  const bytes = [...encoded.map((value) => Buffer.from(value, "base64")), ...plain.map((value) => Buffer.from(value))];
  if (bytes.reduce((total, { length }) => total + length, 0) > mebibyte)
    causes.push(
      cause(isSecret ? "data" : "[]", "FieldValueTooLong", `Too long: may not be more than ${mebibyte} bytes`),
    );
  for (const key of required[String(object.type)] ?? [])
    if (!(isMap(object.data) && Object.hasOwn(object.data, key)))
      causes.push(cause(`data[${key}]`, "FieldValueRequired", "Required value"));
  if (before && object.type !== before.type)
    causes.push(
      cause("type", "FieldValueInvalid", `Invalid value: ${JSON.stringify(object.type)}: field is immutable`),
    );
  if (
    before?.immutable === true &&
    !sameValue([object.data, object.binaryData, object.immutable], [before.data, before.binaryData, true])
  )
    causes.push(cause("data", "FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set"));
  return causes;
}

/** `uid` is another's. */
export function otherUid(object: KubernetesObject): KubernetesStatus {
  return invalid(object, [cause("metadata.uid", "FieldValueInvalid", 'Invalid value: "5": field is immutable')]);
}

function invalid(object: KubernetesObject, causes: Cause[]): KubernetesStatus {
  const { name } = object.metadata;
  const told = causes.map(({ field, message }) => `${field}: ${message}`).join(", ");
  return {
    code: 422,
    reason: "Invalid",
    message: `${object.kind} "${name}" is invalid: ${told}`,
    details: { name, kind: object.kind, causes },
  };
}

function cause(field: string, reason: string, message: string): Cause {
  return { field, reason, message };
}

function valuesOf(map: unknown): string[] {
  return isMap(map) ? Object.values(map).map(String) : [];
}

interface At {
  kind: KubernetesKind;
  namespace?: string | undefined;
  name: string;
}

export function notFound(kind: KubernetesKind, name: string): KubernetesStatus {
  const { plural } = places[kind];
  return { code: 404, reason: "NotFound", message: `${plural} "${name}" not found`, details: { name, kind: plural } };
}

export function rbacDenies(
  user: string,
  verb: string,
  kind: KubernetesKind,
  namespace: string | undefined,
  name: string,
): KubernetesStatus {
  const { plural, apiVersion } = places[kind];
  const group = apiVersion === "v1" ? "" : "apps";
  const where = namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const shown = name === "" ? plural : `${plural} "${name}"`;
  const message = `${shown} is forbidden: User "${user}" cannot ${verb} resource "${plural}" in API group "${group}" ${where}`;
  return { code: 403, reason: "Forbidden", message, details: { name, kind: plural } };
}

export function terminating({ kind, namespace = "", name }: At): KubernetesStatus {
  const why = `namespace ${namespace} is being terminated`;
  const message = `${places[kind].plural} "${name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`;
  const causes = [{ reason: "NamespaceTerminating", message: why, field: "metadata.namespace" }];
  return { code: 403, reason: "Forbidden", message, details: { name, kind: places[kind].plural, causes } };
}

export function overQuota({ kind, name }: At, limit: number): KubernetesStatus {
  const counted = `count/${places[kind].plural}`;
  const message = `${places[kind].plural} "${name}" is forbidden: exceeded quota: fake, requested: ${counted}=1, used: ${counted}=${limit}, limited: ${counted}=${limit}`;
  return { code: 403, reason: "Forbidden", message, details: { name, kind: places[kind].plural } };
}

export function changed({ kind, name }: At, why: string): KubernetesStatus {
  const { plural } = places[kind];
  const message = `Operation cannot be fulfilled on ${plural} "${name}": ${why}`;
  return { code: 409, reason: "Conflict", message, details: { name, kind: plural } };
}

export function applyConflict(owned: { manager: string; path: Path }[]): KubernetesStatus {
  const causes = owned.map(({ manager, path }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with "${manager}" using v1`,
    field: dotted(path),
  }));
  const message = `Apply failed with ${causes.length} conflicts`;
  return { code: 409, reason: "Conflict", message, details: { causes } };
}

import { invalidValue, requiredValue } from "./field-fault.ts";
import type { Fields, FieldTable } from "./field-reader.ts";
import { subdomainProblem } from "./kube-names.ts";

/** A key of a secret in the resource's own namespace. */
export interface SecretRef {
  name: string;
  key: string;
}

/** cert-manager's words for what is missing, and the key that is meant when none is named. */
interface Wanted {
  name: string;
  key: string | { standard: string };
}

const nameTable: FieldTable = { name: "read" };
const table: FieldTable = { name: "read", key: "read" };
const keySyntax = /^[-._a-zA-Z0-9]{1,253}$/;

/** Reads `{name, key}`; values are never shown, since a secret may stand in the wrong place. */
export function readSecretRef(fields: Fields, field: string, wanted: Wanted): SecretRef {
  return refOf(fields, field, fields.map(field, table), wanted);
}

/** The same, but undefined when there is none, or one of Go's zero values. */
export function readOptionalSecretRef(fields: Fields, field: string, wanted: Wanted): SecretRef | undefined {
  const ref = fields.map(field, table);
  return ref && (ref.isSet("name") || ref.isSet("key")) ? refOf(fields, field, ref, wanted) : undefined;
}

function refOf(fields: Fields, field: string, ref: Fields | undefined, wanted: Wanted): SecretRef {
  const name = readName(fields, field, ref, wanted.name);
  const key = ref?.text("key");
  if (isMissing(fields, field, ref, "key") && typeof wanted.key === "string") {
    fields.fault(`${field}.key`, requiredValue(wanted.key), "name the key inside that secret");
  }
  if (key !== undefined && !keySyntax.test(key)) {
    const why = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    fields.fault(`${field}.key`, invalidValue('"(not shown)"', why), "name the key inside that secret, not its value");
  }
  return { name, key: key ?? (typeof wanted.key === "string" ? "" : wanted.key.standard) };
}

/** Reads `{name}`: a secret whose keys are agreed upon. `missing` says that it must be named. */
export function readSecretName(fields: Fields, field: string, missing: string): { name: string } {
  return { name: readName(fields, field, fields.map(field, nameTable), missing) };
}

function readName(fields: Fields, field: string, ref: Fields | undefined, missing: string): string {
  const fix = "write the name of a secret in the same namespace";
  const name = ref?.text("name");
  if (isMissing(fields, field, ref, "name")) fields.fault(`${field}.name`, requiredValue(missing), fix);
  const problem = name === undefined ? undefined : nameProblem(name);
  if (problem !== undefined) fields.fault(`${field}.name`, invalidValue('"(not shown)"', problem), fix);
  return name ?? "";
}

/** A reference that is no map has its fault already. */
function isMissing(fields: Fields, field: string, ref: Fields | undefined, part: "name" | "key"): boolean {
  return (ref !== undefined || !fields.isSet(field)) && !ref?.isSet(part);
}

function nameProblem(name: string): string | undefined {
  return name.startsWith("arn:")
    ? "must be the name of a secret in the resource's own namespace, not an ARN"
    : subdomainProblem(name);
}

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

const table: FieldTable = { name: "read", key: "read" };
const keySyntax = /^[-._a-zA-Z0-9]{1,253}$/;

/** Reads `{name, key}`; values are never shown, since a secret may stand in the wrong place. */
export function readSecretRef(fields: Fields, field: string, wanted: Wanted): SecretRef {
  const ref = fields.map(field, table);
  const isMap = ref !== undefined || !fields.isSet(field);
  const fix = "write the name of a secret in the same namespace";
  const missing = (part: string) => isMap && !ref?.isSet(part);
  const name = ref?.text("name");
  const key = ref?.text("key");
  if (missing("name")) fields.fault(`${field}.name`, requiredValue(wanted.name), fix);
  if (missing("key") && typeof wanted.key === "string") {
    fields.fault(`${field}.key`, requiredValue(wanted.key), "name the key inside that secret");
  }
  const problem = name === undefined ? undefined : nameProblem(name);
  if (problem !== undefined) fields.fault(`${field}.name`, invalidValue('"(not shown)"', problem), fix);
  if (key !== undefined && !keySyntax.test(key)) {
    const why = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    fields.fault(`${field}.key`, invalidValue('"(not shown)"', why), "name the key inside that secret, not its value");
  }
  return { name: name ?? "", key: key ?? (typeof wanted.key === "string" ? "" : wanted.key.standard) };
}

function nameProblem(name: string): string | undefined {
  return name.startsWith("arn:")
    ? "must be the name of a secret in the resource's own namespace, not an ARN"
    : subdomainProblem(name);
}

import { invalidValue, quote, requiredValue } from "./field-fault.ts";
import type { Fields } from "./field-reader.ts";
import { subdomainProblem } from "./kube-names.ts";

/** Reads a field that must hold the name of an object; "" when it is faulty. */
export function readObjectName(fields: Fields, field: string, fix: string): string {
  const name = fields.text(field);
  if (!fields.isSet(field)) fields.fault(field, requiredValue("must be specified"), fix);
  const problem = name === undefined ? undefined : subdomainProblem(name);
  if (problem !== undefined) fields.fault(field, invalidValue(quote(name ?? ""), problem), fix);
  return name ?? "";
}

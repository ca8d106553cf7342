import type { ParsedAs } from "../../../../core/request.ts";

/** The spec of an object that must be without fault. */
export function specOf<Spec>(parsed: ParsedAs<Spec>): Spec {
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.resource.spec;
}

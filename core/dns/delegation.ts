import { createHash } from "node:crypto";

/** The CNAME that hands the challenges of a name over to a zone made for validation. */
export interface Delegation {
  /** `_acme-challenge.www.example.com`. */
  from: string;
  /** `<label>.validation.example.net`. */
  to: string;
}

/** The label follows from the name alone, so that the record can be made long before the certificate, by anybody. */
export function delegationOf(recordName: string, validationZone: string): Delegation {
  const label = createHash("sha256").update(recordName).digest("hex").slice(0, 32);
  return { from: recordName, to: `${label}.${validationZone}` };
}

import { type FieldFault, invalidValue } from "../field-fault.ts";
import { isMap } from "../field-reader.ts";
import { isInstant } from "../instant.ts";

/** Why a certificate is revoked: the CRLReason codes (RFC 5280 5.3.1) that an owner may give. */
export const reasonCodes = {
  unspecified: 0,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
} as const;

export type RevocationReason = keyof typeof reasonCodes;

export const revocationReasons = Object.keys(reasonCodes) as RevocationReason[];

/** Who signs the wish: the account, or the certificate's own key. */
export const revocationSigners = ["account", "certificateKey"] as const;

/** What the annotation certwright.dev/revoke-requested asks for: JSON, so that one write says all of it. */
export interface RevocationWish {
  /** RFC 3339, as written; compared as text. */
  at: string;
  reason: RevocationReason;
  /** Absent: the account; for keyCompromise the key, while the stored secret has it. */
  with?: (typeof revocationSigners)[number];
}

/** Reads the annotation; a text that is no wish is a fault at `path`. */
export function readRevocationWish(text: string, path: string, faults: FieldFault[]): RevocationWish | undefined {
  const wish = wishIn(text);
  if (wish) return wish;
  const example = '{"at":"2026-11-22T19:00:00Z","reason":"superseded"}';
  const why = `must be JSON with at (RFC 3339), reason (${revocationReasons.join(", ")}) and maybe with (${revocationSigners.join(", ")})`;
  const fix = `use \`certwright revoke\`, or write such as ${example}`;
  faults.push({ path, message: invalidValue('"(not shown)"', why), fix });
  return undefined;
}

/** Whether a text is a wish that can be read. */
export function isRevocationWish(text: unknown): boolean {
  return typeof text === "string" && wishIn(text) !== undefined;
}

function wishIn(text: string): RevocationWish | undefined {
  const value = readJson(text);
  if (!isMap(value) || typeof value.at !== "string" || !isInstant(value.at)) return undefined;
  const reason = revocationReasons.find((known) => known === (value.reason ?? "unspecified"));
  const signer = revocationSigners.find((known) => known === value.with);
  const known = Object.keys(value).every((name) => ["at", "reason", "with"].includes(name));
  if (!known || reason === undefined || (value.with !== undefined && signer === undefined)) return undefined;
  return { at: value.at, reason, ...(signer === undefined ? {} : { with: signer }) };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

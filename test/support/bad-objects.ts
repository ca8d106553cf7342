import type { StoredRequest } from "../../core/ports.ts";
import { badCertificateSpecs } from "./bad-certificates.ts";
import { badIssuerSpecs } from "./bad-issuers.ts";
import { badStoredObjects } from "./bad-stored.ts";

/** An object that breaks one rule, and what its user must read about it. */
export interface BadObject {
  /** The rule, as a sentence; unique. */
  rule: string;
  object: StoredRequest;
  path: string;
  /** The whole message, exactly. */
  message: string;
  /** How many faults the object has; one unless said. */
  faults?: number;
  /** The fault is in the key itself, so that the object cannot be an edit of a good one, nor get another name. */
  inKey?: true;
}

/** A rule as a row: the fields that break it are put over a good spec. */
export type BadSpec = [rule: string, fields: Record<string, unknown>, path: string, message: string, faults?: number];

/** Every rule of the schema, each with an object that breaks it alone. */
export const badObjects: BadObject[] = [...badCertificateSpecs, ...badIssuerSpecs, ...badStoredObjects];

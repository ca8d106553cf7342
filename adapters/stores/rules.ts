import { PermanentError, RefusedError, UnavailableError } from "../../core/errors.ts";
import { isMap } from "../../core/field-reader.ts";
import { readJson } from "../../core/json-text.ts";
import type { SecretWrite } from "../../core/ports.ts";

/** AWS Secrets Manager's limit in bytes; S3 keeps to it, so that a certificate can change its store. */
const maxValueBytes = 65_536;

/** The only tags a stored secret has. */
export const tagKeys = ["certwright:owner", "certwright:namespace", "certwright:issuer"] as const;
export type TagKey = (typeof tagKeys)[number];

/** What the tags of a secret say. */
export type Tags = Partial<Record<string, string>>;

/** Both stores allow 256 characters in a tag. */
const maxTagLength = 256;

export function tagsOf(write: SecretWrite): Record<TagKey, string> {
  return {
    "certwright:owner": write.owner,
    "certwright:namespace": write.namespace,
    "certwright:issuer": write.issuer,
  };
}

/** Whether a secret carries other tags than this write gives it. */
export function needsTags(found: Tags, write: SecretWrite): boolean {
  return Object.entries(tagsOf(write)).some(([key, value]) => found[key] !== value);
}

/** Throws what can be known to fail before a call. */
export function refuseUnfit(write: SecretWrite): void {
  const bytes = Buffer.byteLength(write.value, "utf8");
  if (bytes > maxValueBytes) {
    throw new RefusedError({
      reason: "SecretTooLarge",
      message: `The secret ${write.name} would have ${bytes} bytes (${sizesIn(write.value)}); at most ${maxValueBytes} can be stored.`,
      fix: "Use fewer keystores and additional output formats, a smaller key, or a shorter chain.",
    });
  }
  const tag = Object.entries(tagsOf(write)).find(([, value]) => value.length > maxTagLength);
  if (tag) {
    throw new PermanentError({
      reason: "SecretTagTooLong",
      message: `The tag ${tag[0]} of ${write.name} would have ${tag[1].length} characters; AWS allows ${maxTagLength}.`,
      fix: "Give the Certificate or its issuer a shorter name.",
    });
  }
}

/** The largest keys with their bytes, never a value. */
function sizesIn(value: string): string {
  const keys = readJson(value);
  const sizes = Object.entries(isMap(keys) ? keys : {}).map(([key, part]): [string, number] => [
    key,
    Buffer.byteLength(typeof part === "string" ? part : JSON.stringify(part)),
  ]);
  const largest = sizes.sort(([, one], [, other]) => other - one).slice(0, 4);
  return largest.map(([key, bytes]) => `${key} ${bytes}`).join(", ");
}

/** What a store knows of a secret that is there. */
export interface Found {
  tags: Tags;
  /** The version readers get. */
  versionId: string | undefined;
  /** It is in its recovery window. */
  deleted: boolean;
}

/**
 * Throws unless the secret may be written. It is the writer's when its tag says so. One that an ended Certificate of the
 * same namespace left behind may be taken over by whoever holds the claim in State: he shows that he has seen it by naming
 * its version, or it is about to be deleted anyway. What carries no tag of ours is never written.
 */
export function refuseForeign(found: Found, write: SecretWrite): void {
  const owner = found.tags["certwright:owner"];
  if (owner === write.owner) return;
  const seen = found.deleted || (write.replaces !== undefined && write.replaces === found.versionId);
  if (owner !== undefined && found.tags["certwright:namespace"] === write.namespace && seen) return;
  throw foreign(write.name, owner, `Certificate ${write.owner}`);
}

/** The refusal to touch a secret that is not the writer's. */
export function foreign(name: string, owner: string | undefined, writer: string): RefusedError {
  return new RefusedError({
    reason: "SecretOwnedByAnother",
    message: `The secret ${name} belongs to ${owner ?? "nobody known to certwright"}, not to ${writer}; it was not touched.`,
    fix: owner
      ? `Choose another secretName, or delete ${owner} first.`
      : "Choose another secretName, or move that secret away: it has no tag certwright:owner, so certwright did not make it.",
  });
}

/** The refusal of a compare-and-swap: read what is there and decide again. */
export function stale(write: SecretWrite, current: string | undefined): RefusedError {
  const expected = write.replaces ? `version ${write.replaces}` : "no secret";
  return new RefusedError({
    reason: "StaleSecret",
    message: `The secret ${write.name} has ${current ? `version ${current}` : "no version"}; ${expected} was expected.`,
    fix: "Nothing to do: certwright decides again from what is there.",
  });
}

/** Somebody else changed the secret between two calls; the next try sees what he did. */
export function changing(name: string, operation: string, cause?: unknown): UnavailableError {
  const said = cause instanceof Error ? `: ${cause.message}` : "";
  const message = `The secret ${name} changed while it was written; ${operation} was refused${said}.`;
  return new UnavailableError({ reason: "SecretChanging", message, cause });
}

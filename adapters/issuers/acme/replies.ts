import * as z from "zod/mini";
import { UnavailableError } from "../../../core/errors.ts";

const url = z.string().check(z.startsWith("https://"));

const identifier = z.object({ type: z.string(), value: z.string() });

const subproblem = z.object({
  type: z.optional(z.string()),
  detail: z.optional(z.string()),
  identifier: z.optional(identifier),
});

/** RFC 8555 6.7 and 6.7.1 over RFC 7807; everything may be missing. */
export interface Problem extends z.infer<typeof subproblem> {
  /** A page for a human (RFC 8555 7.3.3). */
  instance?: string | undefined;
  subproblems?: z.infer<typeof subproblem>[] | undefined;
}

const problem: z.ZodMiniType<Problem> = z.extend(subproblem, {
  instance: z.optional(z.string()),
  subproblems: z.optional(z.array(subproblem)),
});

/** RFC 8555 7.1.1; what we do not know is kept. */
export const directorySchema = z.looseObject({
  newNonce: url,
  newAccount: url,
  newOrder: url,
  keyChange: z.optional(url),
  renewalInfo: z.optional(url),
  revokeCert: z.optional(url),
  meta: z.optional(z.looseObject({ profiles: z.optional(z.record(z.string(), z.unknown())) })),
});
export type Directory = z.infer<typeof directorySchema>;

/** RFC 8555 7.1.2. */
export const accountSchema = z.object({ status: z.string() });

/** RFC 8555 7.1.3; a valid order must say where its certificate is. */
export const orderSchema = z
  .object({
    status: z.enum(["pending", "ready", "processing", "valid", "invalid"]),
    finalize: url,
    authorizations: z.array(url),
    certificate: z.optional(url),
    error: z.optional(problem),
  })
  .check(z.refine((order) => order.status !== "valid" || order.certificate !== undefined, "valid without certificate"));

/** RFC 8555 8; challenges of unknown types have other fields. */
export const challengeSchema = z.object({
  type: z.string(),
  url: z.optional(url),
  status: z.optional(z.string()),
  /** None with dns-persist-01, which some CAs write as "". */
  token: z.optional(z.string().check(z.regex(/^[\w-]*$/))),
  /** draft-ietf-acme-dns-persist. */
  "issuer-domain-names": z.optional(z.array(z.string())),
  error: z.optional(problem),
});

/** RFC 8555 7.1.4. */
export const authorizationSchema = z.object({
  identifier,
  status: z.enum(["pending", "valid", "invalid", "deactivated", "expired", "revoked"]),
  wildcard: z.optional(z.boolean()),
  challenges: z.array(challengeSchema),
});
export type AuthorizationReply = z.infer<typeof authorizationSchema>;

/** Reads a body at the border. Throws UnavailableError BadReply that says which field was wrong. */
export function parseReply<T>(schema: z.ZodMiniType<T>, body: unknown, name: string): T {
  const parsed = z.safeParse(schema, body);
  if (parsed.success) return parsed.data;
  throw badReply(typeof body === "object" ? `${name}: ${issuesOf(parsed.error)}` : `${name}: not a JSON object`);
}

/** An UnavailableError: the CA answered something that RFC 8555 does not allow. */
export function badReply(what: string): UnavailableError {
  return new UnavailableError({ reason: "BadReply", message: `The CA's answer cannot be used: ${what}.` });
}

/** The problem document in a body; an empty one when there is none. */
export function problemOf(body: unknown): Problem {
  const parsed = z.safeParse(problem, body);
  return parsed.success ? parsed.data : {};
}

function issuesOf(error: z.core.$ZodError): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.join(".") || "the whole"} ${explain(issue)}`)
    .join(", ");
}

function explain(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return `must be ${issue.expected}`;
  if (issue.code === "invalid_value") return `must be one of ${issue.values.join(" ")}`;
  return issue.code === "invalid_format" ? "has the wrong form" : issue.message;
}

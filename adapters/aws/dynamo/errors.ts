import { isNamed, RefusedError, UnavailableError } from "../../../core/errors.ts";

/** What the reasons of a table's errors start with. */
export type TableName = "State" | "Requests";

/** Turns what the SDK threw into a named error whose reason starts with `table` (StateUnavailable); a bug stays as it is. */
export function dynamoError(error: unknown, table: TableName): unknown {
  if (isNamed(error) || !(error instanceof Error)) return error;
  const cause = error as SdkError;
  const codes = [cause.name, cause.code ?? "", ...(cause.CancellationReasons ?? []).map(({ Code }) => Code ?? "")];
  const message = `${table}: ${cause.name}: ${cause.message}`;
  if (codes.some((code) => denied.has(code))) return new RefusedError({ ...accessDenied(table), message, cause });
  if (codes.some((code) => missing.has(code))) return new RefusedError({ ...tableMissing(table), message, cause });
  if (codes.some((code) => passing.has(code)) || passes(cause)) {
    return new UnavailableError({ reason: `${table}Unavailable`, message, cause });
  }
  return error;
}

/** An answer of the SDK with its errors named. */
export async function named<Output>(table: TableName, answer: Promise<Output>): Promise<Output> {
  try {
    return await answer;
  } catch (error) {
    throw dynamoError(error, table);
  }
}

/** Whether the SDK's error has this name; instances cross bundle chunks, names do not change. */
export function isSdkError(error: unknown, name: string): error is SdkError {
  return error instanceof Error && error.name === name;
}

/** The parts of the SDK's exceptions that we read. */
export interface SdkError extends Error {
  code?: string;
  $metadata?: { httpStatusCode?: number };
  $retryable?: object;
  /** Of TransactionCanceledException: one for each row, `None` where the row was not the reason. */
  CancellationReasons?: { Code?: string }[];
}

const denied = new Set([
  "AccessDeniedException",
  "KMSAccessDeniedException",
  "UnrecognizedClientException",
  "InvalidSignatureException",
  "ExpiredTokenException",
  "CredentialsProviderError",
]);

const missing = new Set(["ResourceNotFoundException"]);

/** DynamoDB's throttling and contention, and Node's network errors. */
const passing = new Set([
  "ProvisionedThroughputExceededException",
  "ProvisionedThroughputExceeded",
  "ThrottlingException",
  "ThrottlingError",
  "RequestLimitExceeded",
  "TransactionConflictException",
  "TransactionConflict",
  "TransactionInProgressException",
  "InternalServerError",
  "ServiceUnavailable",
  "TimeoutError",
  "RequestTimeout",
  "AbortError",
  "ECONNRESET",
  "ECONNREFUSED",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

function passes(error: SdkError): boolean {
  return (error.$metadata?.httpStatusCode ?? 0) >= 500 || error.$retryable !== undefined;
}

function accessDenied(table: string) {
  return {
    reason: `${table}AccessDenied`,
    fix: `Give this role the permission the message names on the ${table} table (and on its key), or deploy again.`,
  };
}

function tableMissing(table: string) {
  return { reason: `${table}TableMissing`, fix: `Deploy again, or correct the name of the ${table} table.` };
}

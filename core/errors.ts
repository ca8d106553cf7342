/** What every named error tells the user: why (a CamelCase reason), what happened, and what to do. */
export interface Fault {
  /** CamelCase, stable, listed in docs/errors.md. */
  reason: string;
  message: string;
  /** The cure, as an instruction to the reader. */
  fix?: string;
  cause?: unknown;
}

abstract class NamedError extends Error {
  readonly reason: string;
  readonly fix: string | undefined;

  constructor(name: string, fault: Fault) {
    super(fault.message, fault.cause === undefined ? undefined : { cause: fault.cause });
    this.name = name;
    this.reason = fault.reason;
    this.fix = fault.fix;
  }
}

/** The object alone decides (schema, scope). Nothing is tried again until its spec changes. */
export class PermanentError extends NamedError {
  constructor(fault: Fault) {
    super("PermanentError", fault);
  }
}

/** The cure lies elsewhere: a refused challenge, CAA, a missing zone, right or issuer. Slow backoff, at most 6 h. */
export class RefusedError extends NamedError {
  /** True when what the CA refused cannot be continued, so that the attempt must end (an invalid order). */
  readonly endsAttempt: boolean;

  constructor(fault: Fault & { endsAttempt?: boolean }) {
    super("RefusedError", fault);
    this.endsAttempt = fault.endsAttempt ?? false;
  }
}

/** A CA or an API named a slot (429, Retry-After), or our own ledger did. */
export class RateLimitedError extends NamedError {
  /** The instant from which a try makes sense again. */
  readonly retryAt: Date;

  constructor(fault: Fault & { retryAt: Date }) {
    super("RateLimitedError", fault);
    this.retryAt = fault.retryAt;
  }
}

/** 5xx, a timeout, the network: the same call may work in a moment. */
export class UnavailableError extends NamedError {
  constructor(fault: Fault) {
    super("UnavailableError", fault);
  }
}

/** The stable name of what went wrong; anything unnamed is a bug. */
export type ErrorClass = "PermanentError" | "RefusedError" | "RateLimitedError" | "UnavailableError" | "Bug";

/** One of the four named errors. */
export type Named = PermanentError | RefusedError | RateLimitedError | UnavailableError;

/** Whether an error is one of the four, by name: instances cross bundle chunks. */
export function isNamed(error: unknown): error is Named {
  return error instanceof Error && names.has(error.name) && "reason" in error;
}

const names = new Set(["PermanentError", "RefusedError", "RateLimitedError", "UnavailableError"]);

export function classOf(error: unknown): ErrorClass {
  return isNamed(error) ? (error.name as ErrorClass) : "Bug";
}

/** Whether something was refused for this reason. */
export function isRefusalOf(error: unknown, reason: string): error is RefusedError {
  return error instanceof RefusedError && error.reason === reason;
}

import { isNamed } from "../core/errors.ts";

/** What an error tells its reader, and what to do. */
export function explain(error: unknown): { message: string; fix: string | undefined } {
  if (error instanceof Failure) return error;
  if (isNamed(error)) return { message: `${error.reason}: ${error.message}`, fix: error.fix };
  if (error instanceof Error) return { message: `${error.name}: ${error.message}`, fix: undefined };
  return { message: String(error), fix: undefined };
}

/** The command line itself is wrong: exit code 2, with the verb whose help would tell. */
export class UsageError extends Error {
  readonly verb: string | undefined;

  constructor(message: string, verb?: string) {
    super(message);
    this.name = "UsageError";
    this.verb = verb;
  }
}

/** The verb could not do it: exit code 1. The fix is an instruction to the reader. */
export class Failure extends Error {
  readonly fix: string | undefined;

  constructor(message: string, fix?: string) {
    super(message);
    this.name = "Failure";
    this.fix = fix;
  }
}

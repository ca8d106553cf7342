import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { awsErrorName, awsFault } from "../../../core/aws-fault.ts";
import { RefusedError, UnavailableError } from "../../../core/errors.ts";
import type { DnsFunctionRequest } from "./messages.ts";

/** Calls the user's function and answers what it returned. */
export type Invoke = (event: DnsFunctionRequest) => Promise<unknown>;

const timeoutMs = 30_000;

/** Throws RefusedError, or UnavailableError when the function failed or gave no answer in 30 s. */
export function invokeOn(client: Pick<LambdaClient, "send">, functionName: string): Invoke {
  return async (event) => {
    const command = new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) });
    const abortSignal = AbortSignal.timeout(timeoutMs);
    const answer = await client.send(command, { abortSignal }).catch((error: unknown) => {
      throw abortSignal.aborted
        ? failed(functionName, `no answer within ${timeoutMs / 1_000} s`)
        : fault(error, functionName);
    });
    const payload = jsonOf(answer.Payload);
    if (answer.FunctionError !== undefined) throw failed(functionName, wordsOf(payload));
    return payload;
  };
}

function fault(error: unknown, functionName: string): Error {
  if (awsErrorName(error) === "ResourceNotFoundException") {
    return new RefusedError({
      reason: "DnsFunctionNotFound",
      message: `There is no Lambda function ${functionName}, or no such version or alias of it`,
      fix: "correct functionName or functionArn, or deploy the function",
      cause: error,
    });
  }
  const fix = "name it certwright-dns-*, let the operator list it, or name a role in lambda.role that may invoke it";
  return awsFault(error, { service: "Lambda", action: "lambda:InvokeFunction", resource: functionName, fix });
}

function failed(functionName: string, what: string): UnavailableError {
  const message = `The function ${functionName} failed: ${what.slice(0, 300)}`;
  return new UnavailableError({ reason: "DnsFunctionFailed", message });
}

/** Lambda's own report of an error that was thrown, or of a time-out. */
function wordsOf(payload: unknown): string {
  const { errorType, errorMessage } = (payload ?? {}) as { errorType?: unknown; errorMessage?: unknown };
  return [errorType, errorMessage].filter((word) => typeof word === "string").join(": ") || "see its log";
}

function jsonOf(payload: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return undefined;
  }
}

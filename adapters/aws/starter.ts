import type { LambdaClientConfig } from "@aws-sdk/client-lambda";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import type { SFNClientConfig } from "@aws-sdk/client-sfn";
import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { awsErrorName, awsFault } from "../../core/aws-fault.ts";
import type { SyncOrder } from "../../core/kubernetes/state.ts";
import type { ExecutionInput, Starter } from "../../core/ports.ts";

export interface StarterDeps {
  lambda: Pick<LambdaClient, "send">;
  stepFunctions: Pick<SFNClient, "send">;
  instance: string;
  /** `arn:aws:states:eu-west-1:111122223333:stateMachine:certwright-issue-certificates`. */
  stateMachineArn: string;
}

/** What an asynchronous call to a function carries, in items: far below Lambda's 256 KB. */
const maxItems = 200;

/** Makes the SDK clients by their settings. */
export function openStarter(
  deps: Omit<StarterDeps, "lambda" | "stepFunctions"> & { client: LambdaClientConfig & SFNClientConfig },
): Starter {
  const { client, ...names } = deps;
  return awsStarter({ ...names, lambda: new LambdaClient(client), stepFunctions: new SFNClient(client) });
}

/**
 * Starts executions (https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html) and invokes
 * functions asynchronously. Long lists become several calls, one after the other.
 */
export function awsStarter(deps: StarterDeps): Starter {
  return {
    startIssuance: (input) => startExecution(deps, input),
    executionArn: (leaseId) => `${deps.stateMachineArn.replace(":stateMachine:", ":execution:")}:${leaseId}`,
    dispatch: async (keys) => {
      for (const some of chunks(keys)) await invoke(deps, "dispatch", { keys: some });
    },
    sweep: () => invoke(deps, "sweep", {}),
    checkIssuer: (key) => invoke(deps, "check-issuer", { key }),
    checkCertificates: async (keys) => {
      for (const some of chunks(keys)) await invoke(deps, "check-certificates", { keys: some });
    },
    cleanUp: async (refs, issuer) => {
      for (const attempts of chunks(refs)) await invoke(deps, "clean-up-challenge", { attempts, issuer });
    },
    revoke: (ref) => invoke(deps, "revoke-certificate", { ref }),
    syncKubernetes: async (order) => {
      for (const some of ordersOf(order)) await invoke(deps, "sync-kubernetes", some);
    },
    rewriteSecrets: async (keys) => {
      for (const some of chunks(keys)) await invoke(deps, "rewrite-secret", { keys: some });
    },
  };
}

async function startExecution({ stepFunctions, stateMachineArn }: StarterDeps, input: ExecutionInput): Promise<void> {
  const command = new StartExecutionCommand({ stateMachineArn, name: input.leaseId, input: JSON.stringify(input) });
  try {
    await stepFunctions.send(command);
  } catch (error) {
    // A repeat: the lease's execution runs or has run.
    if (awsErrorName(error) === "ExecutionAlreadyExists") return;
    throw awsFault(error, { service: "Step Functions", action: "states:StartExecution", resource: stateMachineArn });
  }
}

async function invoke({ lambda, instance }: StarterDeps, folder: string, payload: object): Promise<void> {
  const name = `${instance}-${folder}`;
  const command = new InvokeCommand({ FunctionName: name, InvocationType: "Event", Payload: JSON.stringify(payload) });
  try {
    await lambda.send(command);
  } catch (error) {
    throw awsFault(error, { service: "Lambda", action: "lambda:InvokeFunction", resource: name });
  }
}

function ordersOf(order: SyncOrder): SyncOrder[] {
  return "key" in order ? [order] : chunks(order.certificates).map((certificates) => ({ certificates }));
}

function chunks<Item>(items: Item[]): Item[][] {
  const count = Math.ceil(items.length / maxItems);
  return Array.from({ length: count }, (_, index) => items.slice(index * maxItems, (index + 1) * maxItems));
}

import { DescribeExecutionCommand, ListExecutionsCommand } from "@aws-sdk/client-sfn";
import type { TestStack } from "./integration-bed.ts";

/** An execution of issue-certificates and the Certificates that it was started for, `namespace/name`. */
export interface Execution {
  name: string;
  status: string;
  certificates: string[];
}

/** The executions that were started for Certificates of a namespace, newest first, as Step Functions tells. */
export async function executionsOf({ clients, facts }: TestStack, namespace: string): Promise<Execution[]> {
  const machine = `${facts.instance}-issue-certificates`;
  const stateMachineArn = `arn:aws:states:${facts.region}:${facts.account}:stateMachine:${machine}`;
  const found: Execution[] = [];
  let nextToken: string | undefined;
  do {
    const page = await clients.steps.send(new ListExecutionsCommand({ stateMachineArn, nextToken }));
    for (const { executionArn, name = "", status = "" } of page.executions ?? []) {
      const { input = "{}" } = await clients.steps.send(new DescribeExecutionCommand({ executionArn }));
      const { attempts } = JSON.parse(input) as { attempts: { namespace: string; name: string }[] };
      const certificates = attempts.map((attempt) => `${attempt.namespace}/${attempt.name}`);
      if (attempts.some((attempt) => attempt.namespace === namespace)) found.push({ name, status, certificates });
    }
    nextToken = page.nextToken;
  } while (nextToken);
  return found;
}

import type { HistoryEvent, SFNClient } from "@aws-sdk/client-sfn";
import { DescribeExecutionCommand, GetExecutionHistoryCommand, ListExecutionsCommand } from "@aws-sdk/client-sfn";

/** One state that an execution went through. */
export interface StepTaken {
  /** The state's name, `Create order`. */
  name: string;
  seconds: number;
  /** Epoch ms. */
  endedAt: number;
  /** `default/minimal`: the certificates of that execution. */
  certificates: string[];
}

interface Followed {
  certificates: string[];
  told: number;
  ended: boolean;
}

/** What is known of the executions of one state machine. */
export interface Executions {
  /** The tasks and waits that ended since it was last asked. */
  newSteps(): Promise<StepTaken[]>;
  /** Whether an execution that was running then works for this certificate. */
  worksFor(certificate: string): boolean;
}

/** Follows the executions of a state machine by their own histories. */
export function followExecutions(steps: SFNClient, stateMachineArn: string): Executions {
  const followed = new Map<string, Followed>();
  const newSteps = async () => {
    const { executions = [] } = await steps.send(new ListExecutionsCommand({ stateMachineArn, maxResults: 100 }));
    const taken: StepTaken[] = [];
    for (const { executionArn = "", status } of executions) {
      const known = followed.get(executionArn) ?? {
        certificates: await certificatesOf(steps, executionArn),
        told: 0,
        ended: false,
      };
      followed.set(executionArn, known);
      if (known.ended) continue;
      const all = await stepsOf(steps, executionArn);
      taken.push(...all.slice(known.told).map((step) => ({ ...step, certificates: known.certificates })));
      known.told = all.length;
      known.ended = status !== "RUNNING";
    }
    return taken.sort((a, b) => a.endedAt - b.endedAt);
  };
  const worksFor = (certificate: string) =>
    [...followed.values()].some((each) => !each.ended && each.certificates.includes(certificate));
  return { newSteps, worksFor };
}

async function certificatesOf(steps: SFNClient, executionArn: string): Promise<string[]> {
  const { input = "{}" } = await steps.send(new DescribeExecutionCommand({ executionArn }));
  const { attempts = [] } = JSON.parse(input) as { attempts?: { namespace: string; name: string }[] };
  return attempts.map(({ namespace, name }) => `${namespace}/${name}`);
}

async function stepsOf(steps: SFNClient, executionArn: string): Promise<Omit<StepTaken, "certificates">[]> {
  const { events = [] } = await steps.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1_000 }));
  const taken: Omit<StepTaken, "certificates">[] = [];
  let entered: HistoryEvent | undefined;
  for (const event of events) {
    if (event.stateEnteredEventDetails) entered = event;
    const name = event.stateExitedEventDetails?.name;
    if (!name || event.type === "ChoiceStateExited") continue;
    const endedAt = event.timestamp?.getTime() ?? 0;
    taken.push({ name, endedAt, seconds: (endedAt - (entered?.timestamp?.getTime() ?? endedAt)) / 1_000 });
  }
  return taken;
}

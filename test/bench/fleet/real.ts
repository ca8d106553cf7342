import { GetExecutionHistoryCommand, ListExecutionsCommand } from "@aws-sdk/client-sfn";
import { type Bench, certificate, instance, openBench, put, statesEntered, untilReady } from "../bench-stack.ts";

/** What certificates cost on the local stack, counted from outside: by the recording proxy and the executions' histories. */
export interface RealRun {
  certificates: number;
  seconds: number;
  /** Calls of our functions, by `service Action`. */
  calls: Record<string, number>;
  writeUnits: number;
  executions: number;
  transitions: number;
  /** Rounds of waiting: how many there are is a matter of time. */
  waits: number;
}

const namespace = "fleet";
const atOnce = 100;

/** Drops certificates at once on the local stack, each of a fresh name of one zone, and waits until all are Ready. */
export async function realRun(count: number, tell: (line: string) => void): Promise<RealRun> {
  const bench = await openBench(tell, {});
  try {
    const { recorder } = bench.stack;
    const since = new Date();
    recorder.clear();
    const names = Array.from({ length: count }, (_, index) => `f-${index}`);
    for (let start = 0; start < count; start += atOnce) {
      await Promise.all(
        names.slice(start, start + atOnce).map((name) => put(bench, certificate(name, "pebble", namespace))),
      );
    }
    tell(`real run: ${count} dropped`);
    const seconds = await untilReady(bench, namespace, count, 900, 2_000);
    const { entered, executions } = await statesEntered(bench, since);
    const ours = recorder
      .list({ since: since.getTime() })
      .filter((call) => call.function !== undefined && call.error !== "badNonce");
    const calls: Record<string, number> = {};
    for (const { service, action } of ours) calls[`${service} ${action}`] = (calls[`${service} ${action}`] ?? 0) + 1;
    return {
      certificates: count,
      seconds,
      calls,
      writeUnits: ours.reduce((sum, { writeUnits = 0 }) => sum + writeUnits, 0),
      executions,
      transitions: entered,
      waits: await waitsEntered(bench),
    };
  } finally {
    await bench.stack.stop();
  }
}

async function waitsEntered({ clients, stack }: Bench): Promise<number> {
  const stateMachineArn = `arn:aws:states:${stack.region}:${stack.account}:stateMachine:${instance}-issue-certificates`;
  const listed = await clients.steps.send(new ListExecutionsCommand({ stateMachineArn, maxResults: 1_000 }));
  const histories = (listed.executions ?? []).map(({ executionArn }) =>
    clients.steps.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1_000 })),
  );
  const events = (await Promise.all(histories)).flatMap((history) => history.events ?? []);
  return events.filter(({ type }) => type === "WaitStateEntered").length;
}

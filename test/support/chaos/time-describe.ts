import { run } from "../../../cli/run.ts";
import type { Installation } from "../../../cli/verb.ts";
import type { Pipeline } from "../pipeline.ts";

/** What `certwright describe certificate NAME -n web` prints of a pipeline in memory. */
export async function described({ requests, state, time }: Pipeline, name: string): Promise<string> {
  const lines: string[] = [];
  const unused = () => Promise.reject(new Error("describe does not do this"));
  const installation: Installation = {
    ...{ requests, state },
    instance: "certwright",
    clock: { now: time.now },
    roleArn: (folder) => folder,
    annotate: unused,
    readSecret: unused,
    describeSecret: async () => undefined,
    sleep: unused,
  };
  const io = {
    out: (text: string) => void lines.push(text),
    err: (text: string) => void lines.push(text),
    readStdin: async () => "",
    colour: { out: false, err: false },
  };
  const untilStopped = () => new AbortController().signal;
  const connect = async () => installation;
  await run(["describe", "certificate", name, "-n", "web"], { io, connect, untilStopped });
  return lines.join("\n");
}

import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism } from "node:os";
import type { StoreName } from "../../../core/rows.ts";
import type { Outcome, ScenarioName } from "./scenarios.ts";
import type { FleetShape } from "./seed.ts";

/** One scenario of one fleet, as a process of its own is told to run it. */
export interface Task {
  scenario: ScenarioName;
  fleet: FleetShape;
  store: StoreName;
}

/** Enough for 100,000 certificates; two at a time stay below 8 GiB. */
const heapMb = 3_600;
const atOnce = Math.min(2, availableParallelism());

/** Runs tasks in processes of their own, some at a time, in their order; answers in the same order. */
export async function runTasks(tasks: Task[], tell: (line: string) => void): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let next = 0;
  const worker = async () => {
    while (next < tasks.length) {
      const index = next++;
      const task = tasks[index] as Task;
      outcomes[index] = await runTask(task, tell);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return outcomes;
}

async function runTask(task: Task, tell: (line: string) => void): Promise<Outcome> {
  const began = performance.now();
  const file = new URL("./child.ts", import.meta.url);
  const child = fork(file, [JSON.stringify(task)], {
    execArgv: [...process.execArgv, `--max-old-space-size=${heapMb}`, "--max-semi-space-size=64"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const outcome = await answerOf(child, task);
  const seconds = Math.round((performance.now() - began) / 1_000);
  tell(`${task.fleet.certificates} certificates, ${outcome.scenario}: simulated in ${seconds} s`);
  return outcome;
}

function answerOf(child: ChildProcess, task: Task): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(message as Outcome));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${JSON.stringify(task)} ended with code ${code} and no answer`)));
  });
}

import type { Task } from "./run.ts";
import { scenarios } from "./scenarios.ts";

const { scenario, fleet, store } = JSON.parse(process.argv[2] ?? "{}") as Task;
const outcome = await scenarios[scenario](fleet, store);
await new Promise((sent) => process.send?.(outcome, sent));

import type { LambdaUse, Meter } from "./meter.ts";

/** A meter as one process hands it to another: plain JSON. */
export interface Usage {
  calls: Record<string, number>;
  lambda: Record<string, LambdaUse>;
  readUnits: number;
  writeUnits: number;
  indexWriteUnits: number;
  transitions: number;
  waits: number;
  executions: number;
  logBytes: number;
  events: number;
  throttled: number;
}

export function usageOf({ calls, lambda, add: _, ...counts }: Meter): Usage {
  return { ...counts, calls: Object.fromEntries(calls), lambda: Object.fromEntries(lambda) };
}

/** The calls of one service, or of those of its actions that fit. */
export function callsOf({ calls }: Pick<Usage, "calls">, service: string, action = /./): number {
  return Object.entries(calls)
    .filter(([call]) => call.startsWith(`${service} `) && action.test(call.slice(service.length + 1)))
    .reduce((sum, [, count]) => sum + count, 0);
}

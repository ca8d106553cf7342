/** What a run used, as AWS would bill it. */
export interface Meter {
  /** By `service Action`; an attempt that AWS throttled counts too. */
  calls: Map<string, number>;
  add(call: string, count?: number): void;
  readUnits: number;
  /** Of the tables, and of their indexes. */
  writeUnits: number;
  indexWriteUnits: number;
  transitions: number;
  /** Rounds of waiting, three transitions each. */
  waits: number;
  executions: number;
  lambda: Map<string, LambdaUse>;
  /** What functions wrote to CloudWatch Logs, Lambda's own three lines a call included. */
  logBytes: number;
  /** Events put on the bus. */
  events: number;
  throttled: number;
}

export interface LambdaUse {
  calls: number;
  coldStarts: number;
  gigabyteSeconds: number;
  longestMs: number;
  /** Calls that took longer than the function's own limit: AWS would have ended them. */
  overtime: number;
}

/** Everything at zero. */
export function meter(): Meter {
  const calls = new Map<string, number>();
  return {
    calls,
    add: (call, count = 1) => void calls.set(call, (calls.get(call) ?? 0) + count),
    readUnits: 0,
    writeUnits: 0,
    indexWriteUnits: 0,
    transitions: 0,
    waits: 0,
    executions: 0,
    lambda: new Map(),
    logBytes: 0,
    events: 0,
    throttled: 0,
  };
}

/** What was used so far of one function. */
export function lambdaUse(used: Meter, name: string): LambdaUse {
  const known = used.lambda.get(name);
  if (known) return known;
  const fresh = { calls: 0, coldStarts: 0, gigabyteSeconds: 0, longestMs: 0, overtime: 0 };
  used.lambda.set(name, fresh);
  return fresh;
}

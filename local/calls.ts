/** One request that went through the proxy. */
export interface Call {
  id: number;
  /** Epoch ms of its arrival. */
  at: number;
  /** Until it was answered; absent while it is on its way. */
  durationMs?: number;
  /** `acme`, or the AWS service: `dynamodb`, `route53`, `secretsmanager` ... */
  service: string;
  /** `newOrder`, `PutItem` ... */
  action: string;
  /** The Lambda that made it, by the User-Agent's last token `certwright-<function>/1`. */
  function?: string;
  /** AWS: id of the access key that signed it; another than the function's own is that of a role it assumed. */
  signedBy?: string;
  /** What was asked, bounded and without secrets. */
  parameters?: unknown;
  /** HTTP status; absent when no answer was given. */
  status?: number;
  /** The AWS error code, or the last part of the ACME error type. */
  error?: string;
  /** ACME: the `status` of the object in the answer, such as `pending`. */
  objectStatus?: string;
  readUnits?: number;
  writeUnits?: number;
  /** What was done to it on purpose. */
  fault?: FaultKind;
}

/** What can be done to a call (faults.ts). */
export type FaultKind = "pause" | "refuse" | "delay" | "dropRequest" | "dropReply" | "truncate" | "kill";

/** Which calls are meant; absent fields match everything. */
export interface CallFilter {
  service?: string;
  action?: string | string[];
  /** `none` means a call that no Lambda made. */
  function?: string | string[];
  status?: number;
  error?: string;
  objectStatus?: string;
  /** A part of the parameters as JSON, or all of several; for a fault, of what the request says (`Side.says` in exchange.ts). */
  contains?: string | string[];
  /** Epoch ms: calls that arrived then or later. */
  since?: number;
}

/** The calls of this run, in memory only. */
export interface Recorder {
  /** Adds a call, gives it its id, and returns it to be completed by its owner. */
  begin(call: Omit<Call, "id">): Call;
  list(filter?: CallFilter): Call[];
  count(filter?: CallFilter): number;
  clear(): void;
}

/** Keeps the newest calls; a test of 1,000 certificates makes some 35,000. */
export function createRecorder(limit = 200_000): Recorder {
  let calls: Call[] = [];
  let nextId = 1;
  const list = (filter: CallFilter = {}) => calls.filter((call) => matches(call, filter));
  return {
    begin(call) {
      if (calls.length >= limit) calls = calls.slice(limit / 2);
      const begun = { id: nextId++, ...call };
      calls.push(begun);
      return begun;
    },
    list,
    count: (filter) => list(filter).length,
    clear() {
      calls = [];
    },
  };
}

/** Whether a call is meant by a filter; `text` is what `contains` looks into. */
export function matches(call: Omit<Call, "id">, filter: CallFilter, text?: string): boolean {
  const { action, contains, since } = filter;
  const exact = (["service", "status", "error", "objectStatus"] as const).every(
    (field) => filter[field] === undefined || filter[field] === call[field],
  );
  return (
    exact &&
    oneOf(action, call.action) &&
    oneOf(filter.function, call.function ?? "none") &&
    (since === undefined || call.at >= since) &&
    (contains === undefined || hasAll(text ?? JSON.stringify(call.parameters) ?? "", contains))
  );
}

function hasAll(text: string, parts: string | string[]): boolean {
  return [parts].flat().every((part) => text.includes(part));
}

function oneOf(wanted: string | string[] | undefined, actual: string): boolean {
  return wanted === undefined || (Array.isArray(wanted) ? wanted.includes(actual) : wanted === actual);
}

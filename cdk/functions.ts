/** How big a function is and who calls it. */
export interface FunctionShape {
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** Called asynchronously: what happens when a call fails. Absent: Step Functions calls it and handles its errors. */
  readonly asynchronous?: { readonly retries: 0 | 1 | 2; readonly maxAgeSeconds: number };
}

const patient = { retries: 2, maxAgeSeconds: 6 * 3600 } as const;
const step = { memoryMb: 512, timeoutSeconds: 120 };

/**
 * The folders of functions/ and their Lambdas. A whole vCPU comes with 1,769 MB, which only RSA keys need. The task
 * time-outs of the state machine are longer than these.
 */
export const functionShapes = {
  "accept-request": { memoryMb: 256, timeoutSeconds: 30, asynchronous: patient },
  dispatch: { memoryMb: 512, timeoutSeconds: 120, asynchronous: patient },
  /** Comes again every minute: a late or repeated one only does harm. */
  sweep: { memoryMb: 512, timeoutSeconds: 55, asynchronous: { retries: 0, maxAgeSeconds: 60 } },
  resync: { memoryMb: 512, timeoutSeconds: 900, asynchronous: patient },
  "check-issuer": { memoryMb: 512, timeoutSeconds: 60, asynchronous: patient },
  /** What it did not look at is due at the next sweep, too. */
  "check-certificates": { memoryMb: 512, timeoutSeconds: 55, asynchronous: { retries: 0, maxAgeSeconds: 60 } },
  "sync-kubernetes": { memoryMb: 512, timeoutSeconds: 300, asynchronous: patient },
  /** With a leaked key it reads what State holds of every certificate. */
  "revoke-certificate": { memoryMb: 512, timeoutSeconds: 900, asynchronous: patient },
  "rewrite-secret": { memoryMb: 512, timeoutSeconds: 120, asynchronous: patient },
  /** Anybody may call it where it has a URL. Asleep it needs a second with so little memory, and a CA waits for ten. */
  "serve-challenge": { memoryMb: 128, timeoutSeconds: 5 },
  prepare: { memoryMb: 1769, timeoutSeconds: 300 },
  "create-order": step,
  "publish-challenge": step,
  "check-propagation": step,
  "validate-challenge": step,
  "finalize-order": step,
  sign: step,
  "write-secret": step,
  "clean-up-challenge": { ...step, asynchronous: patient },
} satisfies Record<string, FunctionShape>;

/** A folder of functions/; the Lambda is called `<instance>-<folder>`. */
export type FunctionName = keyof typeof functionShapes;

export const functionNames = Object.keys(functionShapes) as FunctionName[];

/** The functions that issue-certificates calls, in its order. */
export const stepNames = [
  "prepare",
  "create-order",
  "publish-challenge",
  "check-propagation",
  "validate-challenge",
  "finalize-order",
  "sign",
  "write-secret",
  "clean-up-challenge",
] as const satisfies FunctionName[];

/** `create-order` is `CreateOrder` in the ASL's placeholders and in construct ids. */
export function pascalCase(folder: string): string {
  return folder.replace(/(^|-)(\w)/g, (_match, _dash, letter: string) => letter.toUpperCase());
}

/**
 * What a step says of one attempt. Expected waiting is a result; a failure is thrown (core/errors.ts)
 * and recorded by functions/runtime.ts as that attempt's outcome, never its neighbour's.
 */
export type Outcome =
  /** Go on to the next step; with `nextAt` it has nothing to see before that instant. */
  | { done: true; nextAt?: Date }
  /** Ask again, not before this instant. After a mere look there is nothing to write. */
  | { waitUntil: Date; looked?: true }
  /** The attempt is over: the step has written its outcome. */
  | { ended: true }
  /** The attempt is over without a failure: an edit or a deletion overtook it. */
  | { superseded: string };

export const done: Outcome = { done: true };

/** A condition as Kubernetes shows it; times are RFC 3339 to the second. */
export interface Condition {
  type:
    | "Ready"
    | "Issuing"
    | "LifetimeShortened"
    | "Synced"
    | "Reloaded"
    /** Of a CertificateRequest. */
    | "Approved"
    | "Denied"
    | "InvalidRequest";
  status: "True" | "False" | "Unknown";
  /** CamelCase, stable, listed in docs/errors.md. */
  reason: string;
  message: string;
  lastTransitionTime: string;
  observedGeneration?: number;
}

/** The steps of one attempt, in the order of the state machine. */
export const steps = [
  "prepare",
  "create-order",
  "publish-challenge",
  "check-propagation",
  "validate-challenge",
  "finalize-order",
  "sign",
  "write-secret",
  "clean-up-challenge",
] as const;
export type Step = (typeof steps)[number];

/** The step an attempt is in now. */
export function stepIn(attempt: { step: Step; stepEnded?: true | undefined; signs?: true | undefined }): Step {
  const { step, stepEnded, signs } = attempt;
  if (!stepEnded) return step;
  if (step === "prepare" && signs) return "sign";
  return step === "finalize-order" ? "write-secret" : (steps[steps.indexOf(step) + 1] ?? step);
}

/** RFC 3339 to the second, as Kubernetes prints times. */
export function rfc3339(time: Date | number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

/** A condition that keeps its transition time while its status stays the same. */
export function condition(
  before: Condition | undefined,
  next: Omit<Condition, "lastTransitionTime">,
  now: Date,
): Condition {
  const since = before?.status === next.status ? before.lastTransitionTime : rfc3339(now);
  return { ...next, message: next.message.slice(0, 400), lastTransitionTime: since };
}

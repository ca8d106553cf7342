/** One structured line. console.log is what Lambda ships; the fields are made by us and hold no secret. */
export function logLine(line: Record<string, unknown>): void {
  console.log(JSON.stringify(line));
}

/**
 * A line in CloudWatch's embedded metric format: a metric without an API call
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
 */
export function logMetrics(
  instance: string,
  at: Date,
  metrics: Record<string, { value: number | undefined; unit: string }>,
): void {
  const known = Object.entries(metrics).filter(([, { value }]) => value !== undefined);
  if (known.length === 0) return;
  logLine({
    _aws: {
      Timestamp: at.getTime(),
      CloudWatchMetrics: [
        {
          Namespace: "certwright",
          Dimensions: [["Instance"]],
          Metrics: known.map(([Name, { unit }]) => ({ Name, Unit: unit })),
        },
      ],
    },
    Instance: instance,
    ...Object.fromEntries(known.map(([name, { value }]) => [name, value])),
  });
}

/** Counts what nobody expected: the alarm on bug-class failures looks at this metric. */
export function logBug({ instance, at }: Where): void {
  logMetrics(instance, at, { BugFailures: { value: 1, unit: "Count" } });
}

/** A whole function failed. */
export function logFailed(name: string, where: Where, error: unknown): void {
  const known = error instanceof Error ? error : new Error(String(error));
  logLine({ function: name, outcome: "failed", error: known.name, message: known.message, stack: known.stack });
  if (known.name !== "UnavailableError") logBug(where);
}

interface Where {
  instance: string;
  at: Date;
}

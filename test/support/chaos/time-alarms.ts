import { synthesize } from "../../infra/synth.ts";
import type { TimeWorld } from "./time-world.ts";

/** A value that a metric got. */
export interface Point {
  at: number;
  value: number;
}

/** What CloudWatch would be told, by metric name; collected from the moment of the call. */
export function watchMetrics({ p, sweeps }: TimeWorld): () => Record<string, Point[]> {
  const bugs: Point[] = [];
  const { log } = p.deps;
  p.deps.log = (line) => {
    // As functions/runtime.ts counts them.
    if (line.errorClass === "Bug" || line.event === "bug") bugs.push({ at: p.time.now().getTime(), value: 1 });
    log(line);
  };
  return () => ({
    OldestOverdueSeconds: sweeps.map(({ at, report }) => ({ at, value: report.oldestOverdueSeconds })),
    SmallestMarginPercent: sweeps.flatMap(({ at, report: { smallestMarginPercent: value } }) =>
      value === undefined ? [] : [{ at, value }],
    ),
    BugFailures: bugs,
    ExecutionsFailed: p.executions.flatMap(({ status }) => (status === "FAILED" ? [{ at: 0, value: 1 }] : [])),
    Invocations: sweeps.map(({ at }) => ({ at, value: 1 })),
    ApproximateNumberOfMessagesVisible: [],
    // No cluster here, and so nobody who tells it.
    KubernetesOutOfSync: [],
  });
}

/** An alarm that went off, and when. */
export interface Rang {
  alarm: string;
  from: number;
  until: number | undefined;
}

/** Evaluates every alarm of the synthesized template over these metrics. */
export function alarmsRung(metrics: Record<string, Point[]>, from: number, until: number): Rang[] {
  const alarms = synthesize({}).ofType("AWS::CloudWatch::Alarm");
  return alarms.flatMap(({ Properties }) => {
    const points = metrics[Properties.MetricName];
    if (!points) throw new Error(`nobody collects ${Properties.MetricName}`);
    return rangOf(Properties, points, from, until);
  });
}

interface Alarm {
  AlarmName: string;
  Period: number;
  EvaluationPeriods: number;
  Statistic: string;
  Threshold: number;
  ComparisonOperator: string;
  TreatMissingData: string;
}

function rangOf(alarm: Alarm, points: Point[], from: number, until: number): Rang[] {
  const periodMs = alarm.Period * 1_000;
  const rang: Rang[] = [];
  let breaching = 0;
  for (let start = from - (from % periodMs) + periodMs; start + periodMs <= until; start += periodMs) {
    const values = points.filter(({ at }) => at >= start && at < start + periodMs).map(({ value }) => value);
    breaching = isBreaching(alarm, values) ? breaching + 1 : 0;
    const open = rang.find((one) => one.until === undefined);
    if (breaching >= alarm.EvaluationPeriods && !open) {
      rang.push({ alarm: alarm.AlarmName, from: start, until: undefined });
    } else if (breaching === 0 && open) open.until = start;
  }
  return rang;
}

function isBreaching({ Statistic, Threshold, ComparisonOperator, TreatMissingData }: Alarm, values: number[]): boolean {
  if (values.length === 0) return TreatMissingData === "breaching";
  const value = statistics[Statistic]?.(values);
  if (value === undefined) throw new Error(`an alarm on ${Statistic}`);
  return ComparisonOperator === "LessThanThreshold" ? value < Threshold : value > Threshold;
}

const statistics: Record<string, (values: number[]) => number> = {
  Sum: (values) => values.reduce((sum, value) => sum + value, 0),
  Maximum: (values) => Math.max(...values),
  Minimum: (values) => Math.min(...values),
};

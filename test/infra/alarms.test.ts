import { describe, expect, it } from "vitest";
import { synthesize } from "./synth.ts";

const stack = synthesize({ alarmEmail: "oncall@example.com" });
const alarms = stack.ofType("AWS::CloudWatch::Alarm").map(({ Properties }) => Properties);

const less = "LessThanThreshold";
const greater = "GreaterThanThreshold";
const table: [name: string, namespace: string, metric: string, than: string, threshold: number, missing: string][] = [
  ["sweep-silent", "AWS/Lambda", "Invocations", less, 1, "breaching"],
  ["overdue", "certwright", "OldestOverdueSeconds", greater, 3600, "notBreaching"],
  ["margin", "certwright", "SmallestMarginPercent", less, 15, "notBreaching"],
  ["kubernetes-out-of-sync", "certwright", "KubernetesOutOfSync", greater, 0, "ignore"],
  ["dead-letters", "AWS/SQS", "ApproximateNumberOfMessagesVisible", greater, 0, "notBreaching"],
  ["bugs", "certwright", "BugFailures", greater, 0, "notBreaching"],
  ["executions-failed", "AWS/States", "ExecutionsFailed", greater, 0, "notBreaching"],
];

describe("alarms", () => {
  it("are these, and no others", () => {
    expect(alarms.map(({ AlarmName }) => AlarmName).sort()).toEqual(table.map(([name]) => `certwright-${name}`).sort());
  });

  it.each(table)(
    "%s looks at %s %s",
    (name, Namespace, MetricName, ComparisonOperator, Threshold, TreatMissingData) => {
      expect(stack.one("AWS::CloudWatch::Alarm", `certwright-${name}`).Properties).toMatchObject({
        Namespace,
        MetricName,
        ComparisonOperator,
        Threshold,
        TreatMissingData,
      });
    },
  );

  it("counts the sweep's silence for 5 minutes", () => {
    const { Properties } = stack.one("AWS::CloudWatch::Alarm", "certwright-sweep-silent");
    expect(Properties).toMatchObject({ Period: 60, Statistic: "Sum", EvaluationPeriods: 5 });
    expect(Properties.Dimensions).toEqual([{ Name: "FunctionName", Value: "certwright-sweep" }]);
  });

  it("wait an hour, at whose every look some copy was out of sync", () => {
    const { Properties } = stack.one("AWS::CloudWatch::Alarm", "certwright-kubernetes-out-of-sync");
    expect(Properties).toMatchObject({ Period: 1800, Statistic: "Minimum", EvaluationPeriods: 2 });
  });

  it("end each text in its place in the runbook, and tell when it begins and when it is over", () => {
    for (const { AlarmName, AlarmDescription, AlarmActions, OKActions } of alarms) {
      expect(AlarmDescription).toMatch(new RegExp(` docs/runbook\\.md#${AlarmName.replace("certwright-", "")}$`));
      expect([AlarmActions, OKActions].flat().map(stack.named)).toEqual(["certwright-alarms", "certwright-alarms"]);
    }
  });

  it("go to the address that was given, over a topic CloudWatch may publish to", () => {
    const email = { Protocol: "email", Endpoint: "oncall@example.com" };
    expect(stack.one("AWS::SNS::Subscription").Properties).toMatchObject(email);
    const { Statement } = stack.one("AWS::SNS::TopicPolicy").Properties.PolicyDocument;
    const publishing = { Action: "sns:Publish", Principal: { Service: "cloudwatch.amazonaws.com" } };
    expect(Statement).toContainEqual(expect.objectContaining(publishing));
    expect(stack.named(stack.one("AWS::SNS::Topic").Properties.KmsMasterKeyId)).toBe("KeysRecords");
  });

  it("need few metrics of our own, whatever the number of certificates", () => {
    const own = alarms.filter(({ Namespace }) => Namespace === "certwright");
    expect(new Set(own.map(({ MetricName }) => MetricName)).size).toBeLessThanOrEqual(20);
    const dimensions = own.map(({ Dimensions }) => Dimensions);
    expect(dimensions).toEqual(own.map(() => [{ Name: "Instance", Value: "certwright" }]));
  });
});

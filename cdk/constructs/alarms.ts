import { Duration } from "aws-cdk-lib";
import type { IMetric } from "aws-cdk-lib/aws-cloudwatch";
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { Names } from "../names.ts";

interface AlarmsProps {
  names: Names;
  key: IKey;
  deadLetters: IQueue;
  email: string | undefined;
}

interface Watch {
  metric: IMetric;
  threshold: number;
  /** What is wrong, for whoever it wakes. */
  text: string;
  below?: boolean;
  periods?: number;
  missing?: TreatMissingData;
}

/** What wakes somebody. Each text ends in its place in the runbook; each alarm tells when it is over, too. */
export class Alarms extends Construct {
  readonly topic: Topic;
  private readonly names: Names;

  constructor(scope: Construct, id: string, { names, key, deadLetters, email }: AlarmsProps) {
    super(scope, id);
    this.names = names;
    this.topic = new Topic(this, "Topic", { topicName: `${names.instance}-alarms`, masterKey: key, enforceSSL: true });
    this.topic.addToResourcePolicy(publishing(this.topic.topicArn, names));
    if (email) this.topic.addSubscription(new EmailSubscription(email));
    this.watchSweep();
    this.watchFleet();
    this.watchKubernetes();
    this.watch("dead-letters", {
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(1),
        statistic: Stats.MAXIMUM,
      }),
      threshold: 0,
      text: "A call failed for good; the queue says which. The resync repairs what was lost within 6 hours.",
    });
    this.watchBugs();
  }

  private watchSweep(): void {
    this.watch("sweep-silent", {
      metric: new Metric({
        namespace: "AWS/Lambda",
        metricName: "Invocations",
        dimensionsMap: { FunctionName: this.names.function("sweep") },
        period: Duration.minutes(1),
        statistic: Stats.SUM,
      }),
      threshold: 1,
      below: true,
      periods: 5,
      missing: TreatMissingData.BREACHING,
      text: "The sweep has not run for 5 minutes: nothing is renewed or retried.",
    });
  }

  private watchFleet(): void {
    this.watch("overdue", {
      metric: this.own("OldestOverdueSeconds", Stats.MAXIMUM),
      threshold: 3600,
      text: "Something has been due for over an hour and nobody has taken it.",
    });
    this.watch("margin", {
      metric: this.own("SmallestMarginPercent", Stats.MINIMUM),
      threshold: 15,
      below: true,
      text: "A certificate has less than 15 % of its life left and is not renewed.",
    });
  }

  private watchKubernetes(): void {
    this.watch("kubernetes-out-of-sync", {
      // Each run tells the whole; a moment without any ends it. A dead cluster is tried every 10 minutes.
      metric: this.own("KubernetesOutOfSync", Stats.MINIMUM, Duration.minutes(30)),
      threshold: 0,
      periods: 2,
      missing: TreatMissingData.IGNORE,
      text: "For an hour some cluster has not been ready, or Secrets there have not been as they should be.",
    });
  }

  private watchBugs(): void {
    this.watch("bugs", {
      metric: this.own("BugFailures", Stats.SUM),
      threshold: 0,
      text: "A function failed in a way that certwright has no name for.",
    });
    this.watch("executions-failed", {
      metric: new Metric({
        namespace: "AWS/States",
        metricName: "ExecutionsFailed",
        dimensionsMap: { StateMachineArn: this.names.stateMachineArn },
        period: Duration.minutes(5),
        statistic: Stats.SUM,
      }),
      threshold: 0,
      text: "An execution could not even clean up; its certificates come back when their lease ends.",
    });
  }

  /** Written by functions/runtime.ts as embedded metrics. */
  private own(metricName: string, statistic: string, period = Duration.minutes(5)): Metric {
    const dimensionsMap = { Instance: this.names.instance };
    return new Metric({ namespace: "certwright", metricName, dimensionsMap, statistic, period });
  }

  private watch(anchor: string, { metric, threshold, text, below, periods = 1, missing }: Watch): void {
    const alarm = new Alarm(this, anchor, {
      alarmName: `${this.names.instance}-${anchor}`,
      alarmDescription: `${text} docs/runbook.md#${anchor}`,
      metric,
      threshold,
      evaluationPeriods: periods,
      comparisonOperator: below ? ComparisonOperator.LESS_THAN_THRESHOLD : ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: missing ?? TreatMissingData.NOT_BREACHING,
    });
    const action = new SnsAction(this.topic);
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
  }
}

/** A topic with a policy of its own lets nobody publish who is not named. */
function publishing(topicArn: string, { account, alarmArns }: Names): PolicyStatement {
  return new PolicyStatement({
    sid: "Alarms",
    principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
    actions: ["sns:Publish"],
    resources: [topicArn],
    conditions: { StringEquals: { "aws:SourceAccount": account }, ArnLike: { "aws:SourceArn": alarmArns } },
  });
}

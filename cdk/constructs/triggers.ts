import { Duration } from "aws-cdk-lib";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { Function as LambdaHandler } from "aws-cdk-lib/aws-lambda";
import { EventSourceMapping, StartingPosition } from "aws-cdk-lib/aws-lambda";
import { SqsDlq } from "aws-cdk-lib/aws-lambda-event-sources";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { Names } from "../names.ts";

interface TriggersProps {
  names: Names;
  /** Of the Requests table. */
  streamArn: string;
  dispatch: LambdaHandler;
  sweep: LambdaHandler;
  resync: LambdaHandler;
  deadLetters: IQueue;
}

/** What sets the pipeline going: the Requests stream makes it fast, the sweep and the resync make it right. */
export class Triggers extends Construct {
  constructor(scope: Construct, id: string, props: TriggersProps) {
    super(scope, id);
    new EventSourceMapping(this, "Requests", {
      target: props.dispatch,
      eventSourceArn: props.streamArn,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 50,
      // Certificates put together become one batch of one execution, not a first one and the rest.
      maxBatchingWindow: Duration.seconds(1),
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      retryAttempts: 5,
      onFailure: new SqsDlq(props.deadLetters),
    });
    this.every("Sweep", Duration.minutes(1), props.sweep, Duration.minutes(1), props);
    this.every("Resync", Duration.hours(6), props.resync, Duration.hours(1), props);
  }

  /** The next tick repeats what this one could not deliver. */
  private every(id: string, rate: Duration, handler: LambdaHandler, maxEventAge: Duration, props: TriggersProps): void {
    new Rule(this, id, {
      ruleName: `${props.names.instance}-${id.toLowerCase()}`,
      schedule: Schedule.rate(rate),
      targets: [new LambdaFunction(handler, { deadLetterQueue: props.deadLetters, retryAttempts: 0, maxEventAge })],
    });
  }
}

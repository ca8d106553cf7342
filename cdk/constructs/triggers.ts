import { Duration } from "aws-cdk-lib";
import type { EventBus } from "aws-cdk-lib/aws-events";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { Function as LambdaHandler } from "aws-cdk-lib/aws-lambda";
import { EventSourceMapping, StartingPosition } from "aws-cdk-lib/aws-lambda";
import { SqsDlq } from "aws-cdk-lib/aws-lambda-event-sources";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { Names } from "../names.ts";
import type { Functions } from "./functions.ts";

interface TriggersProps {
  names: Names;
  /** Of the Requests table. */
  streamArn: string;
  functions: Functions;
  /** Where facts are told. */
  bus: EventBus;
  deadLetters: IQueue;
}

/** What sets the pipeline going: the Requests stream and facts make it fast, the sweep and the resync make it right. */
export class Triggers extends Construct {
  constructor(scope: Construct, id: string, props: TriggersProps) {
    super(scope, id);
    const { functions } = props;
    new EventSourceMapping(this, "Requests", {
      target: functions.get("dispatch"),
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
    this.every("Sweep", Duration.minutes(1), functions.get("sweep"), Duration.minutes(1), props);
    this.every("Resync", Duration.hours(6), functions.get("resync"), Duration.hours(1), props);
    new Rule(this, "Facts", {
      ruleName: `${props.names.instance}-facts`,
      eventBus: props.bus,
      eventPattern: { source: ["certwright"], detailType: ["Cluster Sync Requested", "Certificate Deleted"] },
      targets: [new LambdaFunction(functions.get("sync-kubernetes"), { deadLetterQueue: props.deadLetters })],
    });
    new Rule(this, "CertificatesOfCAs", {
      ruleName: `${props.names.instance}-certificates-of-cas`,
      eventBus: props.bus,
      eventPattern: { source: ["certwright"], detailType: ["Certificate Issued"], detail: { isCA: [true] } },
      targets: [new LambdaFunction(functions.get("check-issuer"), { deadLetterQueue: props.deadLetters })],
    });
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

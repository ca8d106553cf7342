import { EventBus, Match, Rule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { Names } from "../names.ts";

interface OrdersProps {
  names: Names;
  acceptRequest: IFunction;
  deadLetters: IQueue;
}

/** The installation's own bus: orders come in, facts go out. The namespace of an order is in its source, which IAM can fence. */
export class Orders extends Construct {
  readonly bus: EventBus;

  constructor(scope: Construct, id: string, { names, acceptRequest, deadLetters }: OrdersProps) {
    super(scope, id);
    this.bus = new EventBus(this, "Bus", { eventBusName: names.bus });
    new Rule(this, "Requested", {
      ruleName: `${names.instance}-orders`,
      eventBus: this.bus,
      eventPattern: {
        source: Match.prefix("certwright.namespace."),
        detailType: ["Certificate Requested", "Certificate Deletion Requested"],
      },
      targets: [new LambdaFunction(acceptRequest, { deadLetterQueue: deadLetters })],
    });
  }
}

import { Duration, Validations } from "aws-cdk-lib";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { Names } from "../names.ts";

/** Where every asynchronous call ends that failed for good. Each message names its function; nothing reads them but people. */
export class DeadLetters extends Construct {
  readonly queue: Queue;

  constructor(scope: Construct, id: string, { names, key }: { names: Names; key: IKey }) {
    super(scope, id);
    this.queue = new Queue(this, "Queue", {
      queueName: names.deadLetters,
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: key,
      dataKeyReuse: Duration.hours(1),
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    Validations.of(this.queue).acknowledge({
      id: "AwsSolutions-SQS3",
      reason: "This is the dead-letter queue itself.",
    });
  }
}

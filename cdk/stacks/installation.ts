import type { StackProps } from "aws-cdk-lib";
import { CfnOutput, Stack, Tags } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { CertwrightCode } from "../constructs/certwright.ts";
import { Certwright } from "../constructs/certwright.ts";
import type { CertwrightProps } from "../props.ts";
import { settingsOf } from "../settings.ts";

/** One installation as a CloudFormation stack, named like the instance. */
export class Installation extends Stack {
  readonly certwright: Certwright;

  constructor(scope: Construct, props: CertwrightProps, stackProps: StackProps = {}, code: CertwrightCode = {}) {
    const { instance } = settingsOf(props);
    super(scope, instance, { description: "certwright: declarative certificates for AWS", ...stackProps });
    this.certwright = new Certwright(this, "Certwright", props, code);
    const { requestsTable, stateTable, bus, secretsBucket, keyMaterialKey, alarmTopic } = this.certwright;
    const outputs = {
      RequestsTable: requestsTable.tableName,
      StateTable: stateTable.tableName,
      Bus: bus.eventBusName,
      SecretsBucket: secretsBucket.bucketName,
      KeyMaterialKey: keyMaterialKey.keyArn,
      AlarmTopic: alarmTopic.topicArn,
    };
    const { serveChallenge, challengeUrl } = this.certwright;
    if (serveChallenge) Object.assign(outputs, { ServeChallenge: serveChallenge.functionArn });
    if (challengeUrl) Object.assign(outputs, { ChallengeUrl: challengeUrl.url });
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
    Tags.of(this).add("certwright:instance", instance);
  }
}

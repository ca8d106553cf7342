import { CfnOutput } from "aws-cdk-lib";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import { StringParameter } from "aws-cdk-lib/aws-ssm";
import { Construct } from "constructs";
import type { Names } from "../names.ts";
import type { StoreName } from "../props.ts";

interface DirectoryProps {
  names: Names;
  defaultStore: StoreName;
  keyMaterial: IKey;
  alarmTopic: ITopic;
}

/** Where everything is: an SSM parameter for the command line, outputs for people. */
export class Directory extends Construct {
  constructor(scope: Construct, id: string, { names, defaultStore, keyMaterial, alarmTopic }: DirectoryProps) {
    super(scope, id);
    const { instance, account, region, requestsTable, stateTable, bus, stateMachineArn, secretsBucket } = names;
    const places = { requestsTable, stateTable, bus, stateMachineArn, secretsBucket };
    const config = { instance, account, region, ...places, defaultStore, keyMaterialKeyArn: keyMaterial.keyArn };
    new StringParameter(this, "Config", {
      parameterName: names.configParameter,
      description: "Where this certwright installation is",
      stringValue: JSON.stringify(config),
    });
    const outputs = { ...places, keyMaterialKeyArn: keyMaterial.keyArn, alarmTopicArn: alarmTopic.topicArn };
    for (const [name, value] of Object.entries({ ...outputs, configParameter: names.configParameter })) {
      new CfnOutput(this, name, { value });
    }
  }
}

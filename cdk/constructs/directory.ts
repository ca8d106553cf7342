import type { IKey } from "aws-cdk-lib/aws-kms";
import { StringParameter } from "aws-cdk-lib/aws-ssm";
import { Construct } from "constructs";
import type { Names } from "../names.ts";
import type { StoreName } from "../props.ts";

interface DirectoryProps {
  names: Names;
  defaultStore: StoreName;
  keyMaterial: IKey;
}

/** Where everything is: the SSM parameter by which the command line finds an installation. */
export class Directory extends Construct {
  constructor(scope: Construct, id: string, { names, defaultStore, keyMaterial }: DirectoryProps) {
    super(scope, id);
    const { instance, account, region, requestsTable, stateTable, bus, stateMachineArn, secretsBucket } = names;
    const places = { requestsTable, stateTable, bus, stateMachineArn, secretsBucket };
    const config = { instance, account, region, ...places, defaultStore, keyMaterialKeyArn: keyMaterial.keyArn };
    new StringParameter(this, "Config", {
      parameterName: names.configParameter,
      description: "Where this certwright installation is",
      stringValue: JSON.stringify(config),
    });
  }
}

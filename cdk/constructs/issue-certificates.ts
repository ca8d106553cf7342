import { readFileSync } from "node:fs";
import { RemovalPolicy, Validations } from "aws-cdk-lib";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { CfnStateMachine } from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { logDeliverySource } from "../key-policies.ts";
import type { Names } from "../names.ts";

interface IssueCertificatesProps {
  names: Names;
  key: IKey;
  /** The ASL file. */
  definition: string;
  /** The functions by the placeholder that names each: CreateOrder for `${CreateOrder}`. */
  functions: Record<string, IFunction>;
  logRetentionDays: number;
}

/** The state machine of the ASL file, which may invoke exactly the functions that the file names. */
export class IssueCertificates extends Construct {
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: IssueCertificatesProps) {
    super(scope, id);
    const { names, key, functions } = props;
    const definition = readFileSync(props.definition, "utf8");
    refuseMismatch(props.definition, definition, Object.keys(functions));
    this.logGroup = new LogGroup(this, "Log", {
      // AWS keeps its own access policy for this prefix; others run into that policy's size limit.
      logGroupName: `/aws/vendedlogs/states/${names.stateMachine}`,
      retention: props.logRetentionDays,
      encryptionKey: key,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const arns = Object.fromEntries(Object.entries(functions).map(([name, target]) => [name, target.functionArn]));
    const machine = new CfnStateMachine(this, "StateMachine", {
      stateMachineName: names.stateMachine,
      stateMachineType: "STANDARD",
      definitionString: JSON.stringify(JSON.parse(definition)),
      definitionSubstitutions: arns,
      roleArn: this.role(names, key, Object.values(arns)).roleArn,
      encryptionConfiguration: {
        type: "CUSTOMER_MANAGED_KMS_KEY",
        kmsKeyId: key.keyArn,
        kmsDataKeyReusePeriodSeconds: 900,
      },
      loggingConfiguration: {
        level: "ERROR",
        includeExecutionData: false,
        destinations: [{ cloudWatchLogsLogGroup: { logGroupArn: this.logGroup.logGroupArn } }],
      },
      tracingConfiguration: { enabled: false },
    });
    Validations.of(machine).acknowledge(
      { id: "AwsSolutions-SF1", reason: "The history has every event for 90 days; logging all would double the bill." },
      {
        id: "AwsSolutions-SF2",
        reason: "Every log line has the attempt id; a trace per execution costs more than the steps.",
      },
    );
  }

  private role(names: Names, key: IKey, functionArns: string[]): Role {
    const on = (resources: string[], actions: string[], conditions: Record<string, Record<string, string>> = {}) =>
      new PolicyStatement({ actions, resources, conditions });
    const execution = { StringEquals: { "kms:EncryptionContext:aws:states:stateMachineArn": names.stateMachineArn } };
    const delivery = { StringLike: { "kms:EncryptionContext:SourceArn": logDeliverySource(names) } };
    const statements = [
      on(functionArns, ["lambda:InvokeFunction"]),
      on([key.keyArn], ["kms:Decrypt", "kms:GenerateDataKey"], execution),
      on([key.keyArn], ["kms:GenerateDataKey"], delivery),
      on(["*"], logDelivery),
    ];
    const role = new Role(this, "Role", {
      roleName: names.stateMachine,
      assumedBy: new ServicePrincipal("states.amazonaws.com", {
        conditions: {
          StringEquals: { "aws:SourceAccount": names.account },
          ArnLike: { "aws:SourceArn": names.stateMachineArn },
        },
      }),
      inlinePolicies: { rights: new PolicyDocument({ statements }) },
    });
    Validations.of(role).acknowledge({
      id: "AwsSolutions-IAM5[Resource::*]",
      reason: "CloudWatch Logs offers no ARN for log deliveries.",
    });
    return role;
  }
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html */
const logDelivery = [
  ...["CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries"],
  ...["PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups"],
].map((verb) => `logs:${verb}`);

function refuseMismatch(file: string, definition: string, substitutions: string[]): void {
  const placeholders = new Set([...definition.matchAll(/\$\{(\w+)\}/g)].flatMap(([, name]) => name ?? []));
  const unknown = [...placeholders].filter((name) => !substitutions.includes(name));
  const unused = substitutions.filter((name) => !placeholders.has(name));
  const faults = [
    ...(unknown.length > 0 ? [`it names ${unknown.join(", ")}, but there is no such function`] : []),
    ...(unused.length > 0 ? [`it does not name ${unused.join(", ")}`] : []),
  ];
  if (faults.length > 0) throw new Error(`${file}: ${faults.join("; ")}`);
}

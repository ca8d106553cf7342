import type { FunctionName } from "./functions.ts";

/** Where an installation lives; account and region may be CDK tokens. */
export interface Place {
  readonly instance: string;
  readonly partition: string;
  readonly account: string;
  readonly region: string;
}

/** Every name and ARN that follows from the instance alone, so that no resource has to wait for another to be named. */
export interface Names {
  readonly instance: string;
  readonly account: string;
  readonly region: string;
  readonly requestsTable: string;
  readonly stateTable: string;
  readonly bus: string;
  readonly stateMachine: string;
  readonly secretsBucket: string;
  readonly configParameter: string;
  readonly configParameterArn: string;
  readonly deadLetters: string;
  readonly stateMachineArn: string;
  readonly busArn: string;
  /** All stored secrets of the installation. */
  readonly secretArns: string;
  readonly secretsBucketArn: string;
  /** Pattern of its alarms. */
  readonly alarmArns: string;
  /** Patterns of all its log groups. */
  readonly logGroupArns: string[];
  function(folder: FunctionName): string;
  functionArn(folder: FunctionName): string;
  roleArn(folder: FunctionName): string;
  /** The streams of a function's log group. */
  logStreams(folder: FunctionName): string;
}

export function namesOf({ instance, partition, account, region }: Place): Names {
  const arn = (service: string, rest: string) => `arn:${partition}:${service}:${region}:${account}:${rest}`;
  const functionName = (folder: FunctionName) => `${instance}-${folder}`;
  const stateMachine = `${instance}-issue-certificates`;
  const secretsBucket = `${instance}-secrets-${account}-${region}`;
  return {
    instance,
    account,
    region,
    requestsTable: `${instance}-requests`,
    stateTable: `${instance}-state`,
    bus: instance,
    stateMachine,
    secretsBucket,
    configParameter: `/certwright/${instance}/config`,
    configParameterArn: arn("ssm", `parameter/certwright/${instance}/config`),
    deadLetters: `${instance}-dead-letters`,
    stateMachineArn: arn("states", `stateMachine:${stateMachine}`),
    busArn: arn("events", `event-bus/${instance}`),
    secretArns: arn("secretsmanager", `secret:${instance}/*`),
    secretsBucketArn: `arn:${partition}:s3:::${secretsBucket}`,
    alarmArns: arn("cloudwatch", `alarm:${instance}-*`),
    logGroupArns: ["/aws/lambda/", "/aws/vendedlogs/states/"].map((prefix) =>
      arn("logs", `log-group:${prefix}${instance}-*`),
    ),
    function: functionName,
    functionArn: (folder) => arn("lambda", `function:${functionName(folder)}`),
    roleArn: (folder) => `arn:${partition}:iam::${account}:role/${functionName(folder)}`,
    logStreams: (folder) => arn("logs", `log-group:/aws/lambda/${functionName(folder)}:*`),
  };
}

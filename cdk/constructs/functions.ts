import { Duration, RemovalPolicy } from "aws-cdk-lib";
import type { IRole } from "aws-cdk-lib/aws-iam";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { CfnFunction } from "aws-cdk-lib/aws-lambda";
import { Architecture, Code, Function as LambdaHandler, Runtime } from "aws-cdk-lib/aws-lambda";
import { SqsDestination } from "aws-cdk-lib/aws-lambda-destinations";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { Permission } from "../../core/permission.ts";
import type { FunctionName, FunctionShape } from "../functions.ts";
import { functionNames, functionShapes, pascalCase } from "../functions.ts";
import type { Names } from "../names.ts";
import type { Permissions } from "../permissions.ts";
import type { NetworkProps, Settings } from "../props.ts";
import { rightsOf } from "../rights.ts";
import { acknowledgeWildcards } from "../wildcards.ts";

interface FunctionsProps {
  names: Names;
  /** Folder with the bundles of all functions. */
  code: string;
  environment: Record<string, string>;
  permissions: Permissions;
  deadLetters: IQueue;
  logKey: IKey;
  logRetentionDays: number;
  /** Of sync-kubernetes. */
  kubernetesNetwork: NetworkProps | undefined;
  /** Whether serve-challenge is deployed, and how often at once it runs. */
  http01: Settings["http01"];
}

/** All Lambdas, serve-challenge only where it is asked for: one asset, one role each with exactly its rights, one log group each. */
export class Functions extends Construct {
  readonly logGroups: LogGroup[] = [];
  private readonly handlers = new Map<FunctionName, LambdaHandler>();
  private readonly props: FunctionsProps;

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    this.props = props;
    const code = Code.fromAsset(props.code);
    const wanted = functionNames.filter((folder) => props.http01 || folder !== "serve-challenge");
    for (const folder of wanted) this.handlers.set(folder, this.create(folder, code));
  }

  get(folder: FunctionName): LambdaHandler {
    const handler = this.handlers.get(folder);
    if (!handler) throw new Error(`there is no function ${folder}`);
    return handler;
  }

  private create(folder: FunctionName, code: Code): LambdaHandler {
    const { names, environment, deadLetters, kubernetesNetwork, http01 } = this.props;
    const { memoryMb, timeoutSeconds, asynchronous }: FunctionShape = functionShapes[folder];
    const handler = new LambdaHandler(this, pascalCase(folder), {
      functionName: names.function(folder),
      handler: `${folder}/index.handler`,
      code,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: memoryMb,
      timeout: Duration.seconds(timeoutSeconds),
      environment,
      role: this.role(folder),
      logGroup: this.logGroup(folder),
      ...(asynchronous && {
        retryAttempts: asynchronous.retries,
        maxEventAge: Duration.seconds(asynchronous.maxAgeSeconds),
        onFailure: new SqsDestination(deadLetters),
      }),
    });
    const template = handler.node.defaultChild as CfnFunction;
    // The role is all it depends on, and its ARN says so already (cfn-lint W3005).
    template.addDeletionOverride("DependsOn");
    if (http01 && folder === "serve-challenge") reserve(template, http01);
    if (kubernetesNetwork && folder === "sync-kubernetes") template.vpcConfig = inNetwork(kubernetesNetwork);
    return handler;
  }

  /** Without updates: rights.ts alone says what a function may. */
  private role(folder: FunctionName): IRole {
    const id = `${pascalCase(folder)}Role`;
    const permissions = rightsOf(folder, this.props.permissions);
    const role = new Role(this, id, {
      roleName: this.props.names.function(folder),
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      inlinePolicies: { rights: new PolicyDocument({ statements: permissions.map(statement) }) },
    });
    acknowledgeWildcards(role, permissions);
    return role.withoutPolicyUpdates();
  }

  private logGroup(folder: FunctionName): LogGroup {
    const { names, logKey, logRetentionDays } = this.props;
    const group = new LogGroup(this, `${pascalCase(folder)}Log`, {
      logGroupName: `/aws/lambda/${names.function(folder)}`,
      retention: logRetentionDays,
      encryptionKey: logKey,
      // Its name is fixed: a log group left behind would be in the way of the next deployment.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.logGroups.push(group);
    return group;
  }
}

/** A flood of calls from outside stops here, and leaves the account's concurrency to the pipeline. */
function reserve(template: CfnFunction, { concurrency }: NonNullable<Settings["http01"]>): void {
  if (concurrency !== "unreserved") template.reservedConcurrentExecutions = concurrency;
}

function inNetwork({ subnetIds, securityGroupIds }: NetworkProps): CfnFunction.VpcConfigProperty {
  return { subnetIds: [...subnetIds], securityGroupIds: [...securityGroupIds] };
}

function statement({ actions, resources, conditions = {} }: Permission): PolicyStatement {
  return new PolicyStatement({ actions, resources, conditions });
}

import { CfnPermission } from "aws-cdk-lib/aws-lambda";
import type { ILogGroup } from "aws-cdk-lib/aws-logs";
import { CfnSubscriptionFilter } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { Names } from "../names.ts";

interface LogSubscriptionProps {
  names: Names;
  logGroups: ILogGroup[];
  /** A Lambda function of this account or a CloudWatch Logs destination. */
  targetArn: string;
}

/** Sends every log line to one place besides CloudWatch. */
export class LogSubscription extends Construct {
  constructor(scope: Construct, id: string, { names, logGroups, targetArn }: LogSubscriptionProps) {
    super(scope, id);
    const permission = targetArn.includes(":lambda:") ? this.permit(names, targetArn) : undefined;
    for (const [index, logGroup] of logGroups.entries()) {
      const filter = new CfnSubscriptionFilter(this, `Filter${index}`, {
        logGroupName: logGroup.logGroupName,
        destinationArn: targetArn,
        filterPattern: "",
      });
      if (permission) filter.addResourceDependency(permission);
    }
  }

  private permit(names: Names, functionName: string): CfnPermission {
    return new CfnPermission(this, "Permission", {
      action: "lambda:InvokeFunction",
      functionName,
      principal: "logs.amazonaws.com",
      sourceAccount: names.account,
    });
  }
}

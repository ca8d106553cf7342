import type { FunctionUrl, IFunction } from "aws-cdk-lib/aws-lambda";
import { FunctionUrlAuthType } from "aws-cdk-lib/aws-lambda";
import type { Http01Props } from "./props.ts";

/**
 * The URL of serve-challenge, if one is asked for. `public` is open to everybody: what it answers is meant for whoever knows
 * the token, and its role can read nothing else.
 */
export function challengeUrl(serveChallenge?: IFunction, http01?: Http01Props): FunctionUrl | undefined {
  const { NONE, AWS_IAM } = FunctionUrlAuthType;
  const authType = http01?.functionUrl === "public" ? NONE : AWS_IAM;
  return http01?.functionUrl && serveChallenge?.addFunctionUrl({ authType });
}

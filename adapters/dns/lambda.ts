import type { DnsAdapter } from "../../core/dns-adapter.ts";
import { lambdaPermissions } from "./lambda/permissions.ts";
import { type LambdaSolver, lambdaSolver } from "./lambda/solver.ts";

/** Any DNS provider, through a Lambda function of the user's: docs/dns-lambda.md. */
export const lambda: DnsAdapter<LambdaSolver> = {
  solver: lambdaSolver,
  permissions: lambdaPermissions,
  create: async (config, access) => (await import("./lambda/records.ts")).openLambda(config, access),
};

import type { VerbPermissions, ZoneScope } from "../../../core/dns-adapter.ts";
import type { Permission } from "../../../core/permission.ts";

interface FunctionScope extends ZoneScope {
  /** ARNs of functions, or patterns: `certwright-dns-*` of the installation's account, and what the deployment lists. */
  functions?: readonly string[];
}

/** For a scope that says nothing of functions. */
const named = ["arn:aws:lambda:*:*:function:certwright-dns-*"];

/** What the installation's own rights reach; a solver with a role has that role's instead. Aliases are ARNs of their own. */
export function lambdaPermissions({ functions = named }: FunctionScope): VerbPermissions {
  const resources = functions.flatMap((arn) => (arn.endsWith("*") ? [arn] : [arn, `${arn}:*`]));
  const invoke: Permission = { actions: ["lambda:InvokeFunction"], resources };
  return { publish: [invoke], settled: [invoke], cleanUp: [invoke] };
}

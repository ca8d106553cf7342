import type { VerbPermissions, ZoneScope } from "../../../core/dns-adapter.ts";
import type { Permission } from "../../../core/permission.ts";

/** What the installation's own rights reach; a solver with a role has that role's instead. Aliases are ARNs of their own. */
export function lambdaPermissions({ functions }: ZoneScope): VerbPermissions {
  const resources = functions.flatMap((arn) => (arn.endsWith("*") ? [arn] : [arn, `${arn}:*`]));
  const invoke: Permission = { actions: ["lambda:InvokeFunction"], resources };
  return { publish: [invoke], settled: [invoke], cleanUp: [invoke] };
}

import type { VerbPermissions, ZoneScope } from "../../../core/dns-adapter.ts";
import type { Permission } from "../../../core/permission.ts";

const names = "route53:ChangeResourceRecordSetsNormalizedRecordNames";
const types = "route53:ChangeResourceRecordSetsRecordTypes";
const actions = "route53:ChangeResourceRecordSetsActions";
const ours = { [types]: ["TXT"], [actions]: ["CREATE", "DELETE"] };

/**
 * Least privilege: TXT only, CREATE and DELETE only, `_acme-challenge.*` only outside validation zones. Persistent records are
 * written where the deployment says so, and never cleaned up.
 */
export function route53Permissions(scope: ZoneScope): VerbPermissions {
  const shared = [...changeAnyTxt(scope.validationZones), ...readZones(scope)];
  const change = [...changeNamed(scope.zones, ["_acme-challenge.*"]), ...shared];
  const patterns = ["_acme-challenge.*", ...(scope.dnsPersist ? ["_validation-persist.*"] : [])];
  const publish = [...changeNamed(scope.zones, patterns), ...shared];
  const list: Permission = { actions: ["route53:ListHostedZones"], resources: ["*"] };
  const settled: Permission = { actions: ["route53:GetChange"], resources: ["arn:aws:route53:::change/*"] };
  return { publish: [list, ...publish], settled: [settled], cleanUp: [list, ...change] };
}

function changeNamed(zones: string[] | "*", patterns: string[]): Permission[] {
  if (zones.length === 0) return [];
  const conditions = {
    "ForAllValues:StringLike": { [names]: patterns },
    "ForAllValues:StringEquals": ours,
    // ForAllValues holds for a request without the key, too.
    Null: { [names]: "false", [types]: "false", [actions]: "false" },
  };
  return [{ actions: ["route53:ChangeResourceRecordSets"], resources: arns(zones), conditions }];
}

function changeAnyTxt(zones: string[]): Permission[] {
  if (zones.length === 0) return [];
  const conditions = { "ForAllValues:StringEquals": ours, Null: { [types]: "false", [actions]: "false" } };
  return [{ actions: ["route53:ChangeResourceRecordSets"], resources: arns(zones), conditions }];
}

function readZones({ zones, validationZones }: ZoneScope): Permission[] {
  const all = zones === "*" ? zones : [...new Set([...zones, ...validationZones])];
  return all.length === 0 ? [] : [{ actions: ["route53:ListResourceRecordSets"], resources: arns(all) }];
}

function arns(zones: string[] | "*"): string[] {
  return [...zones].map((zone) => `arn:aws:route53:::hostedzone/${zone}`);
}

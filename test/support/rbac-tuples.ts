import { parseAllDocuments } from "yaml";
import type { PolicyRule } from "../../core/kubernetes/rbac-rules.ts";
import type { AuditedRequest } from "./kubernetes/audit.ts";

interface Printed {
  kind: string;
  metadata: { namespace?: string };
  rules?: PolicyRule[];
}

/** What a text of Roles and ClusterRoles grants: `get secrets web/www-tls`, with `*` for every namespace or name. */
export function grantedBy(yaml: string): string[] {
  const objects: Printed[] = parseAllDocuments(yaml).flatMap((one) => one.toJS() ?? []);
  return objects.flatMap(({ metadata: { namespace = "*" }, rules = [] }) =>
    rules.flatMap(({ verbs, resources, resourceNames = ["*"] }) =>
      verbs.flatMap((verb) =>
        resources.flatMap((resource) => resourceNames.map((name) => `${verb} ${resource} ${namespace}/${name}`)),
      ),
    ),
  );
}

/** Whether a request that was allowed needed this grant. A patch that made the object needed `create`, too. */
export function needed(grant: string, { verb, code, resource, namespace, name }: AuditedRequest): boolean {
  const [granted = "", of = "", place = ""] = grant.split(" ");
  const [space = "", called = ""] = place.split("/");
  const verbs = verb === "patch" && code === 201 ? ["patch", "create"] : [verb];
  return (
    code !== 401 &&
    code !== 403 &&
    verbs.includes(granted) &&
    of === resource &&
    (space === "*" || space === namespace) &&
    (called === "*" || called === name)
  );
}

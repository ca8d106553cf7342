import type { ClusterAuth } from "../core/kubernetes/cluster.ts";
import { clusterNamespace } from "../core/resource.ts";
import type { Subject } from "./rbac-objects.ts";
import type { Installation } from "./verb.ts";

/**
 * How an administrator lets certwright into an EKS cluster, as lines; none for other clusters
 * (https://docs.aws.amazon.com/cli/latest/reference/eks/create-access-entry.html).
 */
export function eksNotes({ instance, roleArn }: Installation, auth: ClusterAuth, subject: Subject): string[] {
  if (!("eks" in auth)) return [];
  const { clusterName, region, roleArn: assumed } = auth.eks;
  const own = roleArn("sync-kubernetes");
  const as =
    subject.kind === "Group" ? `--kubernetes-groups ${word(subject.name)}` : `--username ${word(subject.name)}`;
  return [
    "",
    `EKS, once: the access entry that makes certwright the ${subject.kind.toLowerCase()} ${subject.name} there`,
    "(the cluster's authentication mode must be API or API_AND_CONFIG_MAP):",
    `  aws eks create-access-entry --region ${region} --cluster-name ${clusterName} \\`,
    `    --principal-arn ${assumed ?? own} ${as}`,
    ...(assumed === undefined
      ? []
      : [`The role must let ${own} assume it,`, `with the ExternalId ${instance}/${clusterNamespace}.`]),
  ];
}

/** As a shell reads it. */
function word(text: string): string {
  return /^[\w:@./+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

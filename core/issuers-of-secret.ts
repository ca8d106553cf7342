import type { Deps } from "./deps.ts";
import { parseIssuer } from "./request.ts";
import { clusterNamespace, type ResourceKey } from "./resource.ts";

/** The `ca` issuers that sign with a stored secret: those of its namespace, and ClusterIssuers where it is one of theirs. */
export async function issuersOfSecret(
  deps: Deps,
  { namespace, secretName }: { namespace: string; secretName: string },
): Promise<ResourceKey[]> {
  const ofCluster = namespace === deps.clusterResourceNamespace;
  const [issuers, clusterIssuers] = await Promise.all([
    deps.requests.list(namespace, "Issuer"),
    ofCluster ? deps.requests.list(clusterNamespace, "ClusterIssuer") : [],
  ]);
  return [...issuers, ...clusterIssuers].flatMap((stored) => {
    const parsed = parseIssuer(stored, deps.dnsAdapters);
    return parsed.ok && parsed.resource.spec.ca?.secretName === secretName ? stored.key : [];
  });
}

import type { ReloadSpec } from "../cluster.ts";
import type { Kubernetes, KubernetesObject } from "../port.ts";
import type { ReloadedWorkload, ReloadRow } from "../rows.ts";
import { waitsFor } from "./availability.ts";
import { type Mark, markOn } from "./mark.ts";
import { usesSecret } from "./secret-use.ts";

/** The annotation of a workload, not of its pods: "true" lets it take part, "false" keeps it out. */
const wish = "certwright.dev/reload";

const kinds = ["Deployment", "StatefulSet", "DaemonSet"] as const;

/** The workloads of a namespace by `Kind/name`, those of the kinds that are still of interest. */
export type Found = Map<string, KubernetesObject>;

export function nameOf({ kind, name }: Pick<ReloadedWorkload, "kind" | "name">): string {
  return `${kind}/${name}`;
}

/** Lists the kinds that have something open; all three when nobody has looked yet, and none where nobody takes part. */
export async function findWorkloads(kubernetes: Kubernetes, row: ReloadRow, spec: ReloadSpec): Promise<Found> {
  const found: Found = new Map();
  const { namespace } = row.secret;
  for (const kind of kinds) {
    if (row.workloads ? !row.workloads.some((one) => one.kind === kind && isOpen(one)) : !isLookedInto(spec, namespace))
      continue;
    for (const object of await kubernetes.list(kind, { namespace }))
      found.set(nameOf({ kind, name: object.metadata.name }), { ...object, kind });
  }
  return found;
}

/**
 * Who is to be restarted, in this order: what an earlier restart for this Secret left unavailable, so that it is tried first;
 * what is available; what is not, for other reasons, so that it holds up nobody before its turn.
 */
export function chooseWorkloads(found: Found, row: ReloadRow, spec: ReloadSpec, mark: Mark): ReloadedWorkload[] {
  const chosen = [...found.values()].filter((workload) => isMeant(workload, row, spec));
  const rank = (workload: KubernetesObject) => {
    if (waitsFor(workload) === undefined) return 1;
    return markOn(workload, mark) === undefined ? 2 : 0;
  };
  const ranked = chosen.map((workload) => ({ rank: rank(workload), workload }));
  ranked.sort((a, b) => a.rank - b.rank || compare(a.workload.metadata.name, b.workload.metadata.name));
  return ranked.map(({ workload: { kind, metadata } }) => ({
    kind: kind as ReloadedWorkload["kind"],
    name: metadata.name,
    state: "waiting",
  }));
}

/** Whether a workload uses the Secret and takes part. */
export function isMeant(workload: KubernetesObject, { secret }: ReloadRow, spec: ReloadSpec): boolean {
  const { annotations = {}, deletionTimestamp } = workload.metadata;
  if (deletionTimestamp !== undefined || annotations[wish] === "false") return false;
  const takesPart = lists(spec.namespaces, secret.namespace) || annotations[wish] === "true";
  return takesPart && usesSecret(workload, secret.name);
}

/** Whether it was neither done nor passed over yet. */
export function isOpen({ state }: ReloadedWorkload): boolean {
  return state !== "available" && state !== "skipped";
}

function isLookedInto(spec: ReloadSpec, namespace: string): boolean {
  return lists(spec.namespaces, namespace) || lists(spec.annotatedIn, namespace);
}

function lists(namespaces: string[], namespace: string): boolean {
  return namespaces.includes(namespace) || namespaces.includes("*");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

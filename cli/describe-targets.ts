import { concurrently } from "../core/concurrently.ts";
import { isNamed } from "../core/errors.ts";
import type { TargetStatus } from "../core/kubernetes/rows.ts";
import { clusterNamespace } from "../core/resource.ts";
import { dueCell, part, statusCell } from "./describe-parts.ts";
import type { Seen } from "./objects.ts";
import { targetsOf } from "./summary.ts";
import type { Cell } from "./table.ts";
import type { Installation } from "./verb.ts";

const readsAtOnce = 5;
const header = ["CLUSTER", "SYNCED", "REASON", "SECRET", "REVISION", "RELOADED", "NEXT-TRY", "MESSAGE"];

/** The clusters that a Certificate goes to, as its owner may see them; nothing when there are none. */
export async function targetsPart(installation: Installation, seen: Seen, colour: boolean): Promise<string> {
  const { state, clock } = installation;
  const { namespace, name } = seen.key;
  const now = clock.now().getTime();
  const told = await state.targetsOf({ namespace, name });
  const silent = targetsOf(seen).filter((cluster) => !told.some((status) => status.cluster === cluster));
  const rows = [
    ...told.map((status) => toldRow(status, now)),
    ...(await concurrently(readsAtOnce, silent, (cluster) => silentRow(installation, cluster))),
  ];
  return rows.length === 0 ? "" : part("Targets", rows, header, colour);
}

function toldRow({ cluster, secret, revision, synced, reloaded, nextTryAt }: TargetStatus, now: number): Cell[] {
  return [
    cluster,
    statusCell(synced.status),
    synced.reason,
    secret ?? "<none>",
    revision === undefined ? "-" : String(revision),
    reloaded ? { text: reloaded.reason, style: reloaded.status === "True" ? "green" : "yellow" } : "-",
    dueCell(nextTryAt, now),
    [synced.message, reloaded?.status === "True" ? "" : reloaded?.message].filter(Boolean).join("; "),
  ];
}

/** A cluster that the Certificate names and of which nothing is known yet. */
async function silentRow(installation: Installation, cluster: string): Promise<Cell[]> {
  const exists = await isThere(installation, cluster);
  const [status, reason, message] =
    exists === false
      ? (["False", "ClusterNotFound", "spec.targets or the annotation names a Cluster that does not exist"] as const)
      : (["Unknown", "Pending", "nothing was mirrored there yet"] as const);
  return [cluster, statusCell(status), reason, "<none>", "-", "-", "-", message];
}

/** Whether somebody asks for that Cluster; undefined for a tenant, who may not read where Clusters live. */
async function isThere({ requests }: Installation, name: string): Promise<boolean | undefined> {
  try {
    return (await requests.get({ namespace: clusterNamespace, kind: "Cluster", name })) !== undefined;
  } catch (error) {
    if (isNamed(error) && error.reason === "RequestsAccessDenied") return undefined;
    throw error;
  }
}

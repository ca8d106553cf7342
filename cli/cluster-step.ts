import type { ClusterRow, ClusterRows } from "../core/kubernetes/rows.ts";
import { rfc3339 } from "../core/status.ts";
import { fromNow } from "./durations.ts";
import { nextStep } from "./next-step.ts";
import { isDecided, type Seen } from "./objects.ts";

/** What certwright does next with a Cluster, when, and why: one sentence or two. */
export function clusterStep(seen: Seen, rows: ClusterRows, now: number): string {
  const { cluster } = seen;
  if (!cluster || !isDecided(seen)) return nextStep(seen, now);
  if (cluster.lease !== undefined && cluster.lease.until > now)
    return `A worker is in it right now; should that die, another goes on at ${instant(cluster.lease.until, now)}.`;
  if (cluster.retryAt !== undefined && cluster.retryAt > now)
    return `It is tried again at ${instant(cluster.retryAt, now)}, because of ${whyLater(cluster)}; nobody asks it before. What is due by then is written at the pace of requestsPerSecond.`;
  const [first] = [...plansOf(cluster, rows)].sort((a, b) => a.at - b.at);
  if (cluster.dueAt === undefined || first === undefined)
    return "Nothing, until the object changes: it cannot be worked on as it is (see the reason above).";
  if (first.at <= now) return `Within a minute: ${first.what}.`;
  return `At ${instant(first.at, now)}: ${first.what}.`;
}

/** All that has an instant; the cluster's own one comes from these, so it counts only when they are none. */
function plansOf(cluster: ClusterRow, { mirrors, reloads, bundles }: ClusterRows): { at: number; what: string }[] {
  const plans: { at: number | undefined; what: string }[] = [
    ...mirrors.map(({ dueAt, certificate, synced }) => ({
      at: dueAt,
      what: `the Secret of ${certificate.namespace}/${certificate.name} is looked at${because(synced?.status === "True" ? undefined : synced?.reason)}`,
    })),
    ...reloads.map(({ dueAt, certificate }) => ({
      at: dueAt,
      what: `the restarts for ${certificate.namespace}/${certificate.name} go on`,
    })),
    ...bundles.map(({ dueAt, bundle, synced }) => ({
      at: dueAt,
      what: `the Bundle ${bundle} is looked at${because(synced?.status === "True" ? undefined : synced?.reason)}`,
    })),
    { at: cluster.driftCheckAt, what: "every mirrored Secret is compared with what it should be" },
  ];
  const set = plans.filter((plan): plan is { at: number; what: string } => plan.at !== undefined);
  return set.length > 0 || cluster.dueAt === undefined ? set : [{ at: cluster.dueAt, what: "it is looked at" }];
}

/** One that is ready has only asked for time. */
function whyLater({ ready, lastError }: ClusterRow): string {
  return ready.status === "True" ? (lastError?.reason ?? ready.reason) : ready.reason;
}

function because(reason: string | undefined): string {
  return reason === undefined ? "" : `, because of ${reason}`;
}

function instant(at: number, now: number): string {
  return `${rfc3339(at)} (${fromNow(at, now)})`;
}

import type { ClusterRow, ClusterRows, MirrorRow, ReloadRow } from "../core/kubernetes/rows.ts";
import { rfc3339 } from "../core/status.ts";
import { asMap, at } from "./as-written.ts";
import { clusterStep } from "./cluster-step.ts";
import { conditionsPart, dueCell, eventsPart, headPart, part, statusCell, triedCells } from "./describe-parts.ts";
import { fromNow, span, took } from "./durations.ts";
import type { Seen } from "./objects.ts";
import { modeOf, policyOf, secretsOf, serverOf } from "./summary.ts";
import type { Cell } from "./table.ts";
import type { Installation } from "./verb.ts";

const eventsShown = 25;
const mirrorsShown = 20;

/** The text of `describe cluster`. */
export async function describeCluster(installation: Installation, seen: Seen, colour: boolean): Promise<string> {
  const { state, clock } = installation;
  const { key, cluster } = seen;
  const now = clock.now().getTime();
  const [rows, events] = await Promise.all([state.clusterRows(key.name), state.events(key, eventsShown)]);
  return [
    headPart(seen, headFields(seen, rows, now)),
    conditionsPart([cluster?.ready], now, colour),
    mirrorsPart(rows.mirrors, now, colour),
    reloadsPart(rows.reloads, now, colour),
    bundlesPart(rows, now, colour),
    eventsPart(events, now, colour),
    `Next:\n  ${clusterStep(seen, rows, now)}`,
  ]
    .filter((text) => text !== "")
    .join("\n\n");
}

function headFields(seen: Seen, rows: ClusterRows, now: number): [string, string | undefined][] {
  const { cluster, written } = seen;
  return [
    ["Server", serverOf(seen)],
    ["Credentials", Object.keys(asMap(at(written.spec, "auth"))).join(",") || "<none>"],
    ["Version", cluster?.kubernetesVersion ?? "<unknown>"],
    ["Mode", modeOf(seen)],
    ["Deletion Policy", policyOf(seen)],
    ["Secrets In Sync", secretsOf(cluster)],
    ["Lag", cluster?.lagMs === undefined ? undefined : `${took(cluster.lagMs)} from issued to mirrored, the last time`],
    ["Waiting", waitingFor(rows, now)],
    ["Last Error", lastErrorOf(cluster, now)],
  ];
}

function lastErrorOf(cluster: ClusterRow | undefined, now: number): string {
  const error = cluster?.lastError;
  return error ? `${rfc3339(error.at)} (${fromNow(error.at, now)}) ${error.reason}: ${error.message}` : "<none>";
}

/** `12 secrets, 1 bundle, 2 reloads`: what is due by now. */
function waitingFor({ mirrors, bundles, reloads }: ClusterRows, now: number): string {
  const counted = Object.entries({ secret: mirrors, bundle: bundles, reload: reloads }).flatMap(([what, rows]) => {
    const due = rows.filter(({ dueAt = Number.POSITIVE_INFINITY }) => dueAt <= now).length;
    return due === 0 ? [] : [`${due} ${what}${due === 1 ? "" : "s"}`];
  });
  return counted.join(", ") || "<none>";
}

const mirrorHeader = ["CERTIFICATE", "SECRET", "SYNCED", "REASON", "SINCE", "NEXT-TRY", "MESSAGE"];

/** The mirrored Secrets that are not as they should be: the first twenty, and how many more. */
function mirrorsPart(mirrors: MirrorRow[], now: number, colour: boolean): string {
  const open = mirrors.filter(({ synced }) => synced?.status !== "True");
  const shown = open
    .slice(0, mirrorsShown)
    .map(({ certificate, written, synced, dueAt }): Cell[] => [
      `${certificate.namespace}/${certificate.name}`,
      written ? `${written.namespace}/${written.name}` : "<none>",
      statusCell(synced?.status ?? "Unknown"),
      ...triedCells(synced, now, dueAt),
    ]);
  const more = open.length - shown.length;
  return `${part("Not In Sync", shown, mirrorHeader, colour)}${more > 0 ? `\n  and ${more} more` : ""}`;
}

const reloadHeader = ["CERTIFICATE", "SECRET", "REVISION", "STARTED", "WORKLOADS", "REASON", "NEXT", "MESSAGE"];

/** Restarts that are not over; nothing when there are none. */
function reloadsPart(reloads: ReloadRow[], now: number, colour: boolean): string {
  const running = reloads.filter(({ reloaded }) => reloaded?.status !== "True");
  if (running.length === 0) return "";
  const rows = running.map(({ certificate, secret, revision, startedAt, workloads, dueAt, reloaded }): Cell[] => [
    `${certificate.namespace}/${certificate.name}`,
    `${secret.namespace}/${secret.name}`,
    String(revision),
    `${span(now - startedAt)} ago`,
    stagesOf(workloads),
    reloaded?.reason ?? "Pending",
    dueCell(dueAt, now),
    reloaded?.message ?? "not looked for yet",
  ]);
  return part("Reloads", rows, reloadHeader, colour);
}

const stages = ["available", "restarting", "stuck", "waiting", "skipped"] as const;

/** `12 available, 2 restarting, 16 waiting`. */
function stagesOf(workloads: ReloadRow["workloads"]): string {
  if (!workloads) return "<not looked for yet>";
  const counted = stages.flatMap((stage) => {
    const count = workloads.filter(({ state }) => state === stage).length;
    return count === 0 ? [] : [`${count} ${stage}`];
  });
  return counted.join(", ") || "<none>";
}

const bundleHeader = ["BUNDLE", "SYNCED", "NAMESPACES", "REASON", "SINCE", "NEXT-TRY", "MESSAGE"];

function bundlesPart({ bundles }: ClusterRows, now: number, colour: boolean): string {
  if (bundles.length === 0) return "";
  const rows = bundles.map(({ bundle, namespaces = [], synced, dueAt }): Cell[] => [
    bundle,
    statusCell(synced?.status ?? "Unknown"),
    String(namespaces.length),
    ...triedCells(synced, now, dueAt),
  ]);
  return part("Bundles", rows, bundleHeader, colour);
}

import * as z from "zod/mini";
import type { BundleSpec } from "../../../core/kubernetes/bundle.ts";
import type { ClusterSpec } from "../../../core/kubernetes/cluster.ts";
import type {
  BundleRow,
  ClusterRow,
  MirrorRow,
  PlacedBundleRow,
  ReloadedWorkload,
  ReloadRow,
  TargetStatus,
} from "../../../core/kubernetes/rows.ts";
import { kinds } from "../../../core/resource.ts";

const optional = z.exactOptional;
const text = z.string();
const instant = z.number();
const certificate = z.object({ namespace: text, name: text });
const isMap = (value: unknown) => typeof value === "object" && value !== null;

const condition = z.looseObject({
  type: z.enum(["Ready", "Synced", "Reloaded"]),
  status: z.enum(["True", "False", "Unknown"]),
  reason: text,
  message: text,
  lastTransitionTime: text,
  observedGeneration: optional(z.number()),
});

const resource = {
  key: z.object({ namespace: text, kind: z.enum(kinds), name: text }),
  schema: z.number(),
  version: z.number(),
  generation: z.number(),
  specHash: text,
  ready: condition,
  failures: optional(z.number()),
  dueAt: optional(instant),
  lane: optional(z.enum(["renew", "new"])),
  deletedAt: optional(instant),
  expiresAt: optional(z.number()),
};

/** A Cluster's row. Like all rows here it keeps the fields that it does not name. */
export const clusterRow: z.ZodMiniType<ClusterRow> = z.looseObject({
  ...resource,
  spec: optional(z.custom<ClusterSpec>(isMap)),
  kubernetesVersion: optional(text),
  inSync: optional(z.number()),
  mirrors: optional(z.number()),
  lagMs: optional(z.number()),
  lastError: optional(z.looseObject({ at: instant, reason: text, message: text })),
  lease: optional(z.looseObject({ id: text, until: instant })),
  retryAt: optional(instant),
  budget: optional(z.looseObject({ tokens: z.number(), at: instant })),
  driftCheckAt: optional(instant),
  driftCheckAfter: optional(text),
  unplanned: optional(z.literal(true)),
});

/** A Bundle's row. */
export const bundleRow: z.ZodMiniType<BundleRow> = z.looseObject({
  ...resource,
  spec: optional(z.custom<BundleSpec>(isMap)),
  defaultCAVersion: optional(text),
  stored: optional(z.looseObject({ hash: text, versionId: text })),
});

const inCluster = {
  cluster: text,
  schema: z.number(),
  version: z.number(),
  dueAt: optional(instant),
  failures: optional(z.number()),
};

/** A Certificate in a cluster. */
export const mirrorRow: z.ZodMiniType<MirrorRow> = z.looseObject({
  ...inCluster,
  certificate,
  written: optional(
    z.looseObject({
      namespace: text,
      name: text,
      uid: text,
      resourceVersion: text,
      hash: text,
      fingerprint: text,
      revision: z.number(),
      at: instant,
    }),
  ),
  behindSince: optional(instant),
  synced: optional(condition),
});

const workload: z.ZodMiniType<ReloadedWorkload> = z.looseObject({
  kind: z.enum(["Deployment", "StatefulSet", "DaemonSet"]),
  name: text,
  state: z.enum(["waiting", "restarting", "available", "stuck", "skipped"]),
  generation: optional(z.number()),
  since: optional(instant),
  why: optional(text),
});

/** The restart of what uses a Certificate's Secret. */
export const reloadRow: z.ZodMiniType<ReloadRow> = z.looseObject({
  ...inCluster,
  certificate,
  secret: z.looseObject({ namespace: text, name: text }),
  revision: z.number(),
  startedAt: instant,
  workloads: optional(z.array(workload)),
  reloaded: optional(condition),
});

/** A Bundle in a cluster. */
export const placedBundleRow: z.ZodMiniType<PlacedBundleRow> = z.looseObject({
  ...inCluster,
  bundle: text,
  hash: optional(text),
  namespaces: optional(z.array(text)),
  counts: optional(
    z.looseObject({ certificates: z.number(), expired: z.number(), duplicate: z.number(), malformed: z.number() }),
  ),
  synced: optional(condition),
});

/** What a Certificate's owner reads of a mirror. */
export const targetStatus: z.ZodMiniType<TargetStatus> = z.looseObject({
  certificate,
  cluster: text,
  secret: optional(text),
  revision: optional(z.number()),
  synced: condition,
  reloaded: optional(condition),
  nextTryAt: optional(instant),
});

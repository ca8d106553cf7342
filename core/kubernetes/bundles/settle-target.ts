import { isRefusalOf, RefusedError } from "../../errors.ts";
import { isMap } from "../../field-reader.ts";
import { appliedByUs, type FieldPath, otherOwners, ourFields } from "../ownership.ts";
import type { Kubernetes, KubernetesObject } from "../port.ts";
import { bundleAnnotations, type TargetKind, type TargetObject } from "./target-object.ts";

export interface TargetWorld {
  kubernetes: Kubernetes;
  fieldManager: string;
  mode: "repair" | "report";
}

/**
 * Makes one object what it should be: one GET when it is, and one apply when not. Keys, labels and annotations of others stay.
 * `isKnown`: this content was written to this namespace before, so that a difference is somebody's doing. Throws RefusedError
 * Drifted in mode report, FieldManagerConflict, and what the port throws.
 */
export async function settleTarget(
  world: TargetWorld,
  target: TargetObject,
  { namespace, isKnown }: { namespace: string; isKnown: boolean },
): Promise<void> {
  const { kubernetes, fieldManager, mode } = world;
  const there = await kubernetes.get({ kind: target.kind, namespace, name: target.name });
  if (there && isUpToDate(there, target, fieldManager)) return;
  const isOurs = there !== undefined && appliedByUs(there, fieldManager);
  const drifted = isKnown || (isOurs && hashOn(there) === target.hash);
  if (drifted && mode === "report") throw driftedAway(target, namespace, there);
  const object = await target.object(namespace);
  try {
    await kubernetes.apply(object, { fieldManager, force: false });
  } catch (error) {
    if (!isRefusalOf(error, "FieldManagerConflict")) throw error;
    const resourceVersion = there?.metadata.resourceVersion;
    // An edit of what is ours is written over; whoever applies would come back, and what was never ours is his.
    if (!isOurs || resourceVersion === undefined || isAppliedByOthers(there, object, target, fieldManager)) throw error;
    const sent = { ...object, metadata: { ...object.metadata, resourceVersion } };
    await kubernetes.apply(sent, { fieldManager, force: true });
  }
}

/**
 * Takes what is ours out of a namespace: the object, only that very one, or what we own of it when others have keys there too.
 * What we never applied is left alone.
 */
export async function removeTarget(
  { kubernetes, fieldManager }: TargetWorld,
  kind: TargetKind,
  at: { namespace: string; name: string },
): Promise<void> {
  const there = await kubernetes.get({ kind, ...at });
  if (!there || !appliedByUs(there, fieldManager)) return;
  const ours = new Set(ourFields(there, fieldManager).map(([place, key]) => `${place} ${key}`));
  const foreign = ["data", "binaryData"].flatMap((place) =>
    Object.keys(isMap(there[place]) ? there[place] : {}).filter((key) => !ours.has(`${place} ${key}`)),
  );
  const { uid, resourceVersion } = there.metadata;
  if (foreign.length > 0 || uid === undefined) {
    const nothing = { apiVersion: "v1", kind, metadata: { ...at } };
    await kubernetes.apply(nothing, { fieldManager, force: false });
    return;
  }
  await kubernetes.delete({ kind, ...at }, { uid, ...(resourceVersion !== undefined && { resourceVersion }) });
}

/** The hash says what was written, and whoever changed a field since owns it in our place. */
function isUpToDate(there: KubernetesObject, { hash, paths }: TargetObject, fieldManager: string): boolean {
  const owned = shown(ourFields(there, fieldManager));
  return hashOn(there) === hash && owned === shown(paths);
}

function hashOn({ metadata }: KubernetesObject): string | undefined {
  return metadata.annotations?.[bundleAnnotations.hash];
}

function shown(paths: FieldPath[]): string {
  return [...new Set(paths.map((path) => JSON.stringify(path)))].sort().join();
}

function isAppliedByOthers(
  there: KubernetesObject,
  wanted: KubernetesObject,
  { paths }: TargetObject,
  fieldManager: string,
): boolean {
  const wrong = paths.filter((path) => valueAt(there, path) !== valueAt(wanted, path));
  return otherOwners(there, wrong, fieldManager).applied.length > 0;
}

function valueAt(object: KubernetesObject, path: FieldPath): unknown {
  return path.reduce<unknown>((value, key) => (isMap(value) ? value[key] : undefined), object);
}

function driftedAway(
  { kind, name }: TargetObject,
  namespace: string,
  there: KubernetesObject | undefined,
): RefusedError {
  return new RefusedError({
    reason: "Drifted",
    message: `${kind} ${namespace}/${name} was ${there ? "changed" : "deleted"} by somebody`,
    fix: "take the change back, or set the Cluster's mode to repair",
  });
}

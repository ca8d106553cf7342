import type { KubernetesStatus } from "../../adapters/kubernetes/faults.ts";
import type { KubernetesKind, KubernetesObject, ObjectRef } from "../../core/kubernetes/port.ts";
import {
  isMap,
  leavesOf,
  newMaps,
  type Owner,
  overlay,
  type Path,
  removeAt,
  sameValue,
  shownOwners,
  valueAt,
} from "./fake-kubernetes-fields.ts";
import {
  applyConflict,
  changed,
  notFound,
  otherUid,
  overQuota,
  refusalOf,
  terminating,
} from "./fake-kubernetes-rules.ts";

/** The refusal of a fake apiserver, as it would be sent. */
export class Refused extends Error {
  readonly status: KubernetesStatus;

  constructor(status: KubernetesStatus) {
    super(status.message);
    this.status = status;
  }
}

interface Stored {
  object: KubernetesObject;
  owners: Owner[];
}

/** The objects of a cluster, with who owns which field (server-side apply); what may be written is decided here. */
export function kubernetesObjects() {
  const stored = new Map<string, Stored>();
  const quotas = new Map<string, number>();
  let revision = 100;

  const find = (ref: ObjectRef) => stored.get(idOf(ref));
  const next = () => String(++revision);

  function save(ref: ObjectRef, object: KubernetesObject, owners: Owner[]): KubernetesObject {
    const before = find(ref);
    const refusal = refusalOf(object, before?.object);
    if (refusal) throw new Refused(refusal);
    if (!before) admitNew(ref);
    const same = before && sameValue(before.object, object) && sameOwners(before.owners, owners);
    if (!same) stored.set(idOf(ref), { object: stamped(object, before?.object, next), owners });
    return show(ref);
  }

  function admitNew(ref: ObjectRef): void {
    if (ref.kind === "Namespace") return;
    const namespace = find({ kind: "Namespace", name: ref.namespace ?? "" });
    if (!namespace) throw new Refused(notFound("Namespace", ref.namespace ?? ""));
    if (namespace.object.metadata.deletionTimestamp) throw new Refused(terminating(ref));
    const limit = quotas.get(`${ref.namespace}/${ref.kind}`);
    if (limit === undefined) return;
    const used = all(ref.kind).filter(({ metadata }) => metadata.namespace === ref.namespace).length;
    if (used >= limit) throw new Refused(overQuota(ref, limit));
  }

  function show(ref: ObjectRef): KubernetesObject {
    const found = find(ref);
    if (!found) throw new Refused(notFound(ref.kind, ref.name));
    const object = structuredClone(found.object);
    object.metadata.managedFields = shownOwners(found.owners, object);
    return object;
  }

  function all(kind: KubernetesKind): KubernetesObject[] {
    const found = [...stored.values()].filter(({ object }) => object.kind === kind);
    return found.map(({ object }) => show(refOf(object))).sort((a, b) => (idOf(refOf(a)) < idOf(refOf(b)) ? -1 : 1));
  }

  return {
    all,
    has: (ref: ObjectRef) => find(ref) !== undefined,
    show,
    apply(sent: KubernetesObject, manager: string, force: boolean): KubernetesObject {
      const ref = refOf(sent);
      const before = find(ref);
      checkVersion(ref, sent, before?.object);
      const ours = leavesOf(sent);
      const others = (before?.owners ?? []).filter(
        (owner) => !(owner.manager === manager && owner.operation === "Apply"),
      );
      const taken = others.flatMap((owner) =>
        [...ours]
          .filter(([id, path]) => owner.fields.has(id) && differs(before, sent, path))
          .map(([id, path]) => ({ id, path, owner })),
      );
      if (taken.length > 0 && !force)
        throw new Refused(applyConflict(taken.map(({ owner, path }) => ({ manager: owner.manager, path }))));
      const left = others.map((owner) =>
        without(
          owner,
          taken.filter((one) => one.owner === owner).map(({ id }) => id),
        ),
      );
      const object = overlay(before?.object, withoutManagedFields(sent)) as KubernetesObject;
      const had = before?.owners.find((owner) => owner.manager === manager && owner.operation === "Apply");
      for (const [id, path] of had?.fields ?? [])
        if (!(ours.has(id) || left.some(({ fields }) => fields.has(id)))) removeAt(object, path);
      return save(ref, withDefaults(object), [...left, { manager, operation: "Apply", fields: ours }]);
    },
    /** A merge patch, kubectl edit, a controller: operation Update. */
    update(ref: ObjectRef, change: object, manager: string, subresource?: string): KubernetesObject {
      const before = find(ref);
      if (!before) throw new Refused(notFound(ref.kind, ref.name));
      checkVersion(ref, change as Partial<KubernetesObject>, before.object);
      const object = overlay(before.object, withoutManagedFields(change), true) as KubernetesObject;
      return save(ref, object, ownersAfterUpdate(before, object, { manager, subresource }));
    },
    create(sent: KubernetesObject, manager: string): KubernetesObject {
      const object = withDefaults(structuredClone(withoutManagedFields(sent)) as KubernetesObject);
      return save(refOf(sent), object, [
        { manager, operation: "Update", fields: new Map([...leavesOf(object), ...newMaps(undefined, object)]) },
      ]);
    },
    delete(ref: ObjectRef, is: { uid?: string; resourceVersion?: string } = {}): void {
      const { uid, resourceVersion } = show(ref).metadata;
      if (is.uid !== undefined && is.uid !== uid) throw new Refused(changed(ref, "Precondition failed: UID"));
      if (is.resourceVersion !== undefined && is.resourceVersion !== resourceVersion)
        throw new Refused(changed(ref, "Precondition failed: ResourceVersion"));
      stored.delete(idOf(ref));
    },
    /** So many of a kind may be there; undefined: any number. */
    quota(namespace: string, kind: KubernetesKind, limit: number | undefined): void {
      if (limit === undefined) quotas.delete(`${namespace}/${kind}`);
      else quotas.set(`${namespace}/${kind}`, limit);
    },
  };
}

export function refOf({ kind, metadata: { namespace, name } }: KubernetesObject): ObjectRef {
  return { kind: kind as KubernetesKind, ...(namespace !== undefined && { namespace }), name };
}

function idOf({ kind, namespace = "", name }: ObjectRef): string {
  return `${kind}/${namespace}/${name}`;
}

/** Server-side apply makes what is gone, whatever version is sent. */
function checkVersion(
  ref: ObjectRef,
  sent: { metadata?: Partial<KubernetesObject["metadata"]> },
  live: KubernetesObject | undefined,
): void {
  const { uid, resourceVersion } = sent.metadata ?? {};
  if (uid !== undefined && uid !== live?.metadata.uid) throw new Refused(otherUid(live ?? (sent as KubernetesObject)));
  if (live && resourceVersion !== undefined && resourceVersion !== live.metadata.resourceVersion)
    throw new Refused(changed(ref, "the object has been modified; please apply your changes to the latest version"));
}

function differs(before: Stored | undefined, sent: KubernetesObject, path: Path): boolean {
  return !sameValue(valueAt(before?.object, path), valueAt(sent, path));
}

function without(owner: Owner, ids: string[]): Owner {
  return { ...owner, fields: new Map([...owner.fields].filter(([id]) => !ids.includes(id))) };
}

/** Who changes a field by Update owns it alone; a field that is gone has no owner. */
function ownersAfterUpdate(
  before: Stored,
  object: KubernetesObject,
  by: { manager: string; subresource: string | undefined },
): Owner[] {
  const leaves = leavesOf(object);
  const mine = [...leaves].filter(([, path]) => !sameValue(valueAt(before.object, path), valueAt(object, path)));
  const gone = [...leavesOf(before.object).keys()].filter((id) => !leaves.has(id));
  const left = before.owners.map((owner) => without(owner, [...gone, ...mine.map(([id]) => id)]));
  const isMine = (owner: Owner) =>
    owner.manager === by.manager && owner.operation === "Update" && owner.subresource === by.subresource;
  const had = left.find(isMine);
  const fields = new Map([...(had?.fields ?? []), ...mine, ...newMaps(before.object, object)]);
  const owner: Owner = { manager: by.manager, operation: "Update", fields };
  if (by.subresource !== undefined) owner.subresource = by.subresource;
  return [...left.filter((one) => !isMine(one)), owner].filter((one) => one.fields.size > 0);
}

function sameOwners(one: Owner[], other: Owner[]): boolean {
  const shown = (owners: Owner[]) =>
    owners
      .map((owner) => [owner.manager, owner.operation, owner.subresource, ...[...owner.fields.keys()].sort()].join())
      .sort();
  return sameValue(shown(one), shown(other));
}

function withoutManagedFields(sent: object): object {
  const { metadata, ...rest } = sent as { metadata?: Record<string, unknown> };
  if (metadata === undefined) return sent;
  const { managedFields: _, uid: __, resourceVersion: ___, generation: ____, ...kept } = metadata;
  return { ...rest, metadata: kept };
}

function withDefaults(object: KubernetesObject): KubernetesObject {
  if (object.kind === "Secret") object.type ??= "Opaque";
  if (object.kind === "Namespace") {
    object.metadata.labels = { ...object.metadata.labels, "kubernetes.io/metadata.name": object.metadata.name };
    object.status ??= { phase: "Active" };
  }
  if (isMap(object.stringData)) {
    const plain = Object.entries(object.stringData).map(([key, value]) => [
      key,
      Buffer.from(String(value)).toString("base64"),
    ]);
    object.data = { ...(object.data as object | undefined), ...Object.fromEntries(plain) };
    delete object.stringData;
  }
  return object;
}

let uids = 0;

/** The generation goes up with the spec; a Deployment's with its annotations, too. */
function stamped(object: KubernetesObject, before: KubernetesObject | undefined, next: () => string): KubernetesObject {
  const hasSpec = ["Deployment", "StatefulSet", "DaemonSet"].includes(object.kind);
  const seen = ({ kind, spec, metadata: { annotations } }: KubernetesObject) => [
    spec,
    kind === "Deployment" && annotations,
  ];
  const generation = (before?.metadata.generation ?? 0) + (before && sameValue(seen(before), seen(object)) ? 0 : 1);
  return {
    ...object,
    metadata: {
      ...object.metadata,
      uid: before?.metadata.uid ?? `00000000-0000-4000-8000-${String(++uids).padStart(12, "0")}`,
      resourceVersion: next(),
      ...(hasSpec && { generation }),
    },
  };
}

import { type Apiserver, faultOf, type KubernetesStatus } from "../../adapters/kubernetes/faults.ts";
import { UnavailableError } from "../../core/errors.ts";
import type { Kubernetes, KubernetesKind, KubernetesObject, ObjectRef } from "../../core/kubernetes/port.ts";
import { kubernetesObjects, Refused, refOf } from "./fake-kubernetes-objects.ts";
import { rbacDenies } from "./fake-kubernetes-rules.ts";
import { matchesSelector } from "./fake-kubernetes-selector.ts";

/** One call of the port, as it arrived. */
export interface FakeCall {
  verb: "version" | "get" | "list" | "apply" | "patch" | "delete";
  kind?: KubernetesKind;
  namespace?: string;
  name?: string;
  /** Of apply and patch. */
  body?: object;
  fieldManager?: string;
  force?: boolean;
}

/** RBAC's verbs; an apply is a patch, and a create too when the object is not there. */
export interface Denied {
  verb?: "get" | "list" | "create" | "patch" | "delete";
  kind?: KubernetesKind;
  namespace?: string;
  name?: string;
}

/** How the apiserver answers at all. `slow`: nobody waits so long. */
export type Health = "up" | "down" | "slow" | "unauthorized" | "busy";

export interface FakeKubernetes {
  /** The port. */
  kubernetes: Kubernetes;
  /** What was called, also in vain. */
  calls: FakeCall[];
  health: Health;
  /** For `busy`; by default a second after the epoch's begin. */
  retryAt: Date;
  /** Runs before each call is answered: to look, to wait, to change things in between. */
  onCall: ((call: FakeCall) => void | Promise<void>) | undefined;
  addNamespace(name: string, labels?: Record<string, string>): void;
  terminateNamespace(name: string): void;
  /** With all that is in it. */
  removeNamespace(name: string): void;
  /** As an operator sees it; counts as no call. */
  object(ref: ObjectRef): KubernetesObject | undefined;
  objects(kind: KubernetesKind, namespace?: string): KubernetesObject[];
  /** `kubectl create`. */
  create(object: KubernetesObject, manager?: string): KubernetesObject;
  /** `kubectl edit`, a merge patch with the operation Update. */
  edit(ref: ObjectRef, change: object, manager?: string): KubernetesObject;
  /** Somebody else's server-side apply, forced. */
  applyAs(manager: string, object: KubernetesObject): KubernetesObject;
  /** What a controller says of a workload; the generation stays. */
  setStatus(ref: ObjectRef, status: object): KubernetesObject;
  remove(ref: ObjectRef): void;
  /** Answers how to allow it again. */
  deny(rule: Denied): () => void;
  quota(namespace: string, kind: KubernetesKind, limit: number | undefined): void;
}

/** An apiserver in memory behind the port: fields with owners, namespaces, RBAC, quotas and faults. */
export function fakeKubernetes(named: { cluster?: string; version?: string } = {}): FakeKubernetes {
  const at: Apiserver = { cluster: named.cluster ?? "fake", host: `${named.cluster ?? "fake"}.k8s.test` };
  const objects = kubernetesObjects();
  const denied = new Set<Denied>();
  const calls: FakeCall[] = [];

  async function answer<T>(call: FakeCall, act: () => T): Promise<T> {
    calls.push(structuredClone(call));
    await fake.onCall?.(call);
    try {
      checkHealth(fake, at);
      checkRights(call);
      return act();
    } catch (error) {
      throw error instanceof Refused ? faultOf(error.status, portCall(call), at, fake.retryAt) : error;
    }
  }

  function checkRights(call: FakeCall): void {
    if (call.kind === undefined) return;
    may(call.verb === "apply" ? "patch" : (call.verb as "get"), call);
    const isNew = call.verb === "apply" && !objects.has(call as ObjectRef);
    if (isNew) may("create", { ...call, name: "" });
  }

  /** A create is authorized without a name: no rule for a name covers it. */
  function may(verb: NonNullable<Denied["verb"]>, { kind, namespace, name = "" }: FakeCall): void {
    const fits = (rule: string | undefined, value: string | undefined) => rule === undefined || rule === value;
    for (const rule of denied)
      if (fits(rule.verb, verb) && fits(rule.kind, kind) && fits(rule.namespace, namespace) && fits(rule.name, name))
        throw new Refused(rbacDenies("certwright", verb, kind as KubernetesKind, namespace, name));
  }

  const kubernetes: Kubernetes = {
    version: () => answer({ verb: "version" }, () => named.version ?? "v1.36.3"),
    get: (ref) => answer({ verb: "get", ...ref }, () => (objects.has(ref) ? objects.show(ref) : undefined)),
    list: (kind, { namespace, labelSelector }) =>
      answer({ verb: "list", kind, ...(namespace !== undefined && { namespace }) }, () =>
        objects
          .all(kind)
          .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
          .filter(({ metadata }) => matchesSelector(metadata.labels, labelSelector)),
      ),
    apply: (object, { fieldManager, force }) =>
      answer({ verb: "apply", ...refOf(object), body: object, fieldManager, force }, () =>
        objects.apply(object, fieldManager, force),
      ),
    patch: (ref, change, { fieldManager }) =>
      answer({ verb: "patch", ...ref, body: change, fieldManager }, () =>
        objects.has(ref) ? objects.update(ref, change, fieldManager) : undefined,
      ),
    delete: (ref, is) =>
      answer({ verb: "delete", ...ref }, () => {
        if (objects.has(ref)) objects.delete(ref, is);
      }),
  };

  const fake: FakeKubernetes = {
    kubernetes,
    calls,
    health: "up",
    retryAt: new Date(1000),
    onCall: undefined,
    addNamespace(name, labels = {}) {
      objects.create({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } }, "kubectl-create");
    },
    terminateNamespace(name) {
      const change = { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" }, status: { phase: "Terminating" } };
      objects.update({ kind: "Namespace", name }, change, "kube-apiserver");
    },
    removeNamespace(name) {
      for (const kind of namespaced) for (const object of fake.objects(kind, name)) objects.delete(refOf(object));
      objects.delete({ kind: "Namespace", name });
    },
    object: (ref) => (objects.has(ref) ? objects.show(ref) : undefined),
    objects: (kind, namespace) =>
      objects.all(kind).filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
    create: (object, manager = "kubectl-create") => objects.create(object, manager),
    edit: (ref, change, manager = "kubectl-edit") => objects.update(ref, change, manager),
    applyAs: (manager, object) => objects.apply(object, manager, true),
    setStatus: (ref, status) => objects.update(ref, { status }, "kube-controller-manager", "status"),
    remove: (ref) => objects.delete(ref),
    deny(rule) {
      denied.add(rule);
      return () => denied.delete(rule);
    },
    quota: objects.quota,
  };
  return fake;
}

const namespaced: KubernetesKind[] = ["Secret", "ConfigMap", "Deployment", "StatefulSet", "DaemonSet"];

function portCall({ verb, kind, namespace, name }: FakeCall) {
  const rbacVerb = verb === "apply" ? ("patch" as const) : verb;
  return {
    verb: rbacVerb === "version" ? ("get" as const) : rbacVerb,
    ...(kind !== undefined && { kind }),
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
  };
}

function checkHealth({ health }: FakeKubernetes, { host }: Apiserver): void {
  const answers: Partial<Record<Health, KubernetesStatus>> = {
    unauthorized: { code: 401, reason: "Unauthorized", message: "Unauthorized" },
    busy: { code: 429, reason: "TooManyRequests", message: "Too many requests, please try again later." },
  };
  const status = answers[health];
  if (status) throw new Refused(status);
  if (health === "up") return;
  const what = health === "slow" ? "did not answer in time" : "could not be reached (ECONNREFUSED)";
  throw new UnavailableError({ reason: "ClusterUnreachable", message: `The apiserver ${host} ${what}.` });
}

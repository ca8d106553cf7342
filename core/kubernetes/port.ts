/** An object of Kubernetes as JSON; only what is looked at is typed. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    annotations?: Record<string, string>;
    labels?: Record<string, string>;
    managedFields?: ManagedFields[];
    deletionTimestamp?: string;
  };
  [field: string]: unknown;
}

/** https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management */
export interface ManagedFields {
  manager: string;
  operation: "Apply" | "Update";
  fieldsV1?: Record<string, unknown>;
  subresource?: string;
}

/** The kinds that certwright reads or writes in a cluster. */
export type KubernetesKind = "Secret" | "ConfigMap" | "Namespace" | "Deployment" | "StatefulSet" | "DaemonSet";

export interface ObjectRef {
  kind: KubernetesKind;
  /** Absent for a Namespace. */
  namespace?: string;
  name: string;
}

/**
 * One cluster's apiserver. Nothing is repeated and nothing is cached. Throws, with `reason`:
 * UnavailableError ClusterUnreachable (network, time-out, TLS that does not verify, 5xx);
 * RateLimitedError ClusterBusy (429, by Retry-After);
 * RefusedError CredentialsRejected (401, or credentials that are missing or unusable), KubernetesForbidden (403; the message
 * names verb, resource and namespace), NamespaceNotFound, NamespaceTerminating, QuotaExceeded, FieldManagerConflict (the
 * message names managers and fields), ObjectChanged (409 on resourceVersion or uid), ObjectTooLarge (413, over 1 MiB),
 * ObjectRefused (any other 4xx: the apiserver's message, without values).
 */
export interface Kubernetes {
  /** `v1.36.3`. */
  version(): Promise<string>;
  get(ref: ObjectRef): Promise<KubernetesObject | undefined>;
  /** All pages. `namespace` absent: of the whole cluster. `labelSelector` in Kubernetes' text form. */
  list(kind: KubernetesKind, where: { namespace?: string; labelSelector?: string }): Promise<KubernetesObject[]>;
  /** Server-side apply: creates or changes. `force` takes fields over from other managers. */
  apply(object: KubernetesObject, how: { fieldManager: string; force: boolean }): Promise<KubernetesObject>;
  /** JSON merge patch (RFC 7386); undefined when the object is gone. */
  patch(ref: ObjectRef, change: object, how: { fieldManager: string }): Promise<KubernetesObject | undefined>;
  /** Only that very object; absent is done. */
  delete(ref: ObjectRef, is: { uid: string; resourceVersion?: string }): Promise<void>;
}

/** What the door of a cluster is opened with; secrets are read already. */
export interface ClusterAccess {
  server: string;
  /** PEM. */
  caBundle?: string;
  credentials: { token: string } | { certificatePem: string; keyPem: string };
}

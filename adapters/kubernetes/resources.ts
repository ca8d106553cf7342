import type { KubernetesKind, ObjectRef } from "../../core/kubernetes/port.ts";

/** How the API calls a kind. */
interface KindPlace {
  /** `v1`, `apps/v1`. */
  apiVersion: string;
  /** `secrets`: what RBAC calls it too. */
  plural: string;
  namespaced: boolean;
}

/** Where each kind lives in the API (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris). */
export const places: Readonly<Record<KubernetesKind, KindPlace>> = {
  Secret: { apiVersion: "v1", plural: "secrets", namespaced: true },
  ConfigMap: { apiVersion: "v1", plural: "configmaps", namespaced: true },
  Namespace: { apiVersion: "v1", plural: "namespaces", namespaced: false },
  Deployment: { apiVersion: "apps/v1", plural: "deployments", namespaced: true },
  StatefulSet: { apiVersion: "apps/v1", plural: "statefulsets", namespaced: true },
  DaemonSet: { apiVersion: "apps/v1", plural: "daemonsets", namespaced: true },
};

/** `/api/v1/namespaces/web/secrets/www-tls`. */
export function objectPath({ kind, namespace, name }: ObjectRef): string {
  if (places[kind].namespaced && namespace === undefined) throw new TypeError(`a ${kind} is in a namespace`);
  return `${listPath(kind, namespace)}/${encodeURIComponent(name)}`;
}

/** `/api/v1/namespaces/web/secrets`, or `/api/v1/secrets` of the whole cluster. */
export function listPath(kind: KubernetesKind, namespace: string | undefined): string {
  const { apiVersion, plural, namespaced } = places[kind];
  const group = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
  const within = namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${group}${within}/${plural}`;
}

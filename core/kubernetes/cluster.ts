import type { SecretRef } from "../secret-ref.ts";

/** The spec of a Cluster (certwright.dev/v1, cluster-scoped), with defaults filled in. Plain JSON. */
export interface ClusterSpec {
  /** https URL of the apiserver, without a path at its end; absent only when a kubeconfig says it. */
  server?: string;
  /** PEM text of the certificates to trust; absent means the kubeconfig's, or the public ones. */
  caBundle?: string;
  auth: ClusterAuth;
  /**
   * Kubernetes namespace by certwright namespace. A namespace that is not in it keeps its name, unless `*` names one for all
   * others; "" keeps it out of the cluster.
   */
  namespaceMap: Record<string, string>;
  /** Which Certificates come without being sent; absent: only those that name the cluster in their targets. */
  selector?: ClusterSelector;
  /** Certwright namespaces whose Certificates may come at all, selected or sent; absent: any. */
  allowedNamespaces?: string[];
  /** What happens to a mirrored Secret when its Certificate or its Cluster goes, or is no longer selected. */
  deletionPolicy: "retain" | "delete";
  /** repair: what somebody changed is written again. report: it is only said; new certificates are still written. */
  mode: "repair" | "report";
  /** Requests to this apiserver, on average; a second's worth may come at once. 1 to 500, by default 20. */
  requestsPerSecond: number;
  /** How often every mirrored Secret is compared. At least 60; by default 3600. */
  driftCheckSeconds: number;
  /** Where Bundles find their ConfigMap and Secret sources; by default cert-manager, as trust-manager has it. */
  trustNamespace: string;
  /** Absent: nothing is restarted. */
  reload?: ReloadSpec;
}

/** Exactly one. Secrets are stored ones, `<instance>/_cluster/<name>`. */
export type ClusterAuth =
  | {
      eks: {
        clusterName: string;
        region: string /** To assume first, with the ExternalId `<instance>/_cluster`. */;
        roleArn?: string;
      };
    }
  | { kubeconfigSecretRef: SecretRef }
  | { tokenSecretRef: SecretRef }
  /** Its keys tls.crt and tls.key, PEM. */
  | { clientCertificateSecretRef: { name: string } };

/** A label selector as Kubernetes has it; empty selects all. `namespaces` are certwright's. */
export interface ClusterSelector extends LabelSelector {
  namespaces?: string[];
}

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#resources-that-support-set-based-requirements */
export interface LabelSelector {
  matchLabels: Record<string, string>;
  matchExpressions: { key: string; operator: "In" | "NotIn" | "Exists" | "DoesNotExist"; values: string[] }[];
}

/**
 * Rolling restarts of the workloads that use a changed Secret. A workload takes part when its Kubernetes namespace is in
 * `namespaces`, or its annotation `certwright.dev/reload` is "true"; "false" always keeps it out.
 */
export interface ReloadSpec {
  /** Kubernetes namespaces; `*` is every one that gets Secrets. */
  namespaces: string[];
  /** Where only annotated workloads take part: the Kubernetes namespaces in which they are looked for. */
  annotatedIn: string[];
  /** At once, of the workloads of one Secret: a number, or a share of them in percent (at least one). */
  maxConcurrent: { count: number } | { percent: number };
  /** A workload that is not available after so long stops the stages. By default 600. */
  timeoutSeconds: number;
}

/** `web` in the cluster, or undefined when the map keeps that certwright namespace out. */
export function kubernetesNamespace({ namespaceMap }: ClusterSpec, namespace: string): string | undefined {
  const mapped = Object.hasOwn(namespaceMap, namespace) ? namespaceMap[namespace] : namespaceMap["*"];
  return mapped === "" ? undefined : (mapped ?? namespace);
}

import type { LabelSelector } from "./cluster.ts";

/** The spec of a Bundle (certwright.dev/v1, cluster-scoped): trust-manager's Bundle, and where it goes. Plain JSON. */
export interface BundleSpec {
  /** Names of Clusters; absent: all. */
  clusters?: string[];
  sources: BundleSource[];
  target: BundleTarget;
}

/** Exactly one. ConfigMaps and Secrets are read in each cluster, in its trustNamespace. */
export type BundleSource =
  | { configMap: SourceObject }
  | { secret: SourceObject }
  /** PEM text. */
  | { inLine: string }
  | { useDefaultCAs: boolean }
  /** The CA of an issuer of ours: what the secrets of its Certificates hold under ca.crt, or else their topmost intermediate. */
  | { issuer: { kind: "Issuer" | "ClusterIssuer"; name: string; namespace?: string } };

/** One object by name, or all that the selector matches; one key of it, or all keys. */
export type SourceObject = ({ name: string } | { selector: LabelSelector }) &
  ({ key: string } | { includeAllKeys: true });

export interface BundleTarget {
  /** The object is called like the Bundle. */
  configMap?: TargetObject;
  secret?: TargetObject;
  additionalFormats?: {
    jks?: { key: string; password: string };
    pkcs12?: { key: string; password: string; profile: "LegacyRC2" | "LegacyDES" | "Modern2023" };
  };
  /** Namespaces of the cluster by their labels; absent: all, as trust-manager has it. */
  namespaceSelector?: LabelSelector;
  /** Also as `<instance>/_cluster/bundle-<name>`, a JSON object with the keys of the targets, for things outside Kubernetes. */
  storedSecret: boolean;
}

interface TargetObject {
  key: string;
  metadata?: { annotations?: Record<string, string>; labels?: Record<string, string> };
}

import { stringify } from "yaml";
import type { Manifest } from "../../local/requests.ts";

/** What a cluster adds to the metadata of an object of its own. */
const ofTheCluster = {
  creationTimestamp: "2026-11-01T08:00:00Z",
  generation: 3,
  resourceVersion: "123456",
  uid: "3d1c2b7e-8f4a-4c11-9a57-0d7c6c1d2e3f",
  ownerReferences: [
    { apiVersion: "networking.k8s.io/v1", kind: "Ingress", name: "web", uid: "1b5f", controller: true },
  ],
  managedFields: [
    {
      apiVersion: "cert-manager.io/v1",
      fieldsType: "FieldsV1",
      fieldsV1: { "f:spec": { ".": {}, "f:dnsNames": {}, "f:secretName": {} } },
      manager: "kubectl-client-side-apply",
      operation: "Update",
      time: "2026-11-01T08:00:00Z",
    },
  ],
};

/** A Certificate as `kubectl get -o json` has it: cert-manager's defaults, its status, and what the cluster adds. */
export function fromCluster(manifest: Manifest): Manifest & { status: unknown } {
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(manifest) };
  const privateKey = { ...(manifest.spec as { privateKey: object }).privateKey, rotationPolicy: "Always" };
  return {
    ...manifest,
    metadata: { ...manifest.metadata, annotations, ...ofTheCluster },
    spec: { ...(manifest.spec as object), privateKey, usages: ["digital signature", "key encipherment"] },
    status: {
      conditions: [
        {
          lastTransitionTime: "2026-11-01T08:00:09Z",
          message: "Certificate is up to date and has not expired",
          observedGeneration: 3,
          reason: "Ready",
          status: "True",
          type: "Ready",
        },
      ],
      notAfter: "2027-01-30T07:00:00Z",
      notBefore: "2026-11-01T07:00:00Z",
      renewalTime: "2026-12-31T07:00:00Z",
      revision: 7,
    },
  };
}

/** `kubectl get certificates -o yaml`. */
export function kubectlYaml(manifests: Manifest[]): string {
  const items = manifests.map(fromCluster);
  return stringify({ apiVersion: "v1", items, kind: "List", metadata: { resourceVersion: "" } });
}

import type { ClusterAccess, Kubernetes } from "../../core/kubernetes/port.ts";
import type { ClusterOptions } from "./client.ts";

/** The door of a cluster; loaded when one is opened. Throws what the port throws (core/kubernetes/port.ts). */
export async function openCluster(access: ClusterAccess, options: ClusterOptions): Promise<Kubernetes> {
  const { kubernetesClient } = await import("./client.ts");
  return kubernetesClient(access, options);
}

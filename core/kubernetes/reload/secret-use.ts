import type { KubernetesObject } from "../port.ts";

/**
 * Whether the pods of a Deployment, StatefulSet or DaemonSet read a Secret: volumes (secret, projected, CSI's
 * nodePublishSecretRef) and environment, of init containers too. Image pull secrets do not count.
 */
export function usesSecret(workload: KubernetesObject, secret: string): boolean {
  const pod = (workload.spec as { template?: { spec?: PodSpec } } | undefined)?.template?.spec;
  if (!pod) return false;
  const containers = [...(pod.initContainers ?? []), ...(pod.containers ?? [])];
  const names = [...(pod.volumes ?? []).flatMap(ofVolume), ...containers.flatMap(ofContainer)];
  return names.includes(secret);
}

/** https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/: what names Secrets. */
interface PodSpec {
  volumes?: Volume[];
  containers?: Container[];
  initContainers?: Container[];
}

interface Named {
  name?: string;
}

interface Volume {
  secret?: { secretName?: string };
  projected?: { sources?: { secret?: Named }[] };
  csi?: { nodePublishSecretRef?: Named };
}

interface Container {
  env?: { valueFrom?: { secretKeyRef?: Named } }[];
  envFrom?: { secretRef?: Named }[];
}

function ofVolume({ secret, projected, csi }: Volume): (string | undefined)[] {
  const sources = projected?.sources ?? [];
  return [secret?.secretName, ...sources.map((source) => source.secret?.name), csi?.nodePublishSecretRef?.name];
}

function ofContainer({ env = [], envFrom = [] }: Container): (string | undefined)[] {
  return [
    ...env.map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
    ...envFrom.map(({ secretRef }) => secretRef?.name),
  ];
}

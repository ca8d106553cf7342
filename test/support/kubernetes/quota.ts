import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesClient } from "../../../local/kubernetes/client.ts";

const key = "count/secrets";

/** Sets a ResourceQuota, plays the controller that would count, and resolves once the apiserver goes by it. */
export async function allowSecrets(admin: KubernetesClient, namespace: string, more: number): Promise<void> {
  const used = (await admin.list(`/api/v1/namespaces/${namespace}/secrets`)).length;
  const allow = async (count: number) => {
    const hard = { [key]: String(used + count) };
    const metadata = { name: "secrets", namespace };
    await admin.apply({ apiVersion: "v1", kind: "ResourceQuota", metadata, spec: { hard } });
    const path = `/api/v1/namespaces/${namespace}/resourcequotas/secrets`;
    await admin.patchStatus(path, { hard, used: { [key]: String(used) } });
    while ((await takesAnother(admin, namespace)) !== count > 0) await sleep(10);
  };
  // It learns of a quota a moment later: that it refuses shows that it knows this one.
  await allow(0);
  if (more > 0) await allow(more);
}

async function takesAnother(admin: KubernetesClient, namespace: string): Promise<boolean> {
  const path = `/api/v1/namespaces/${namespace}/secrets?dryRun=All`;
  return admin.create(path, { metadata: { generateName: "try-" } }).then(
    () => true,
    () => false,
  );
}

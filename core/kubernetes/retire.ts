import { isRefusalOf } from "../errors.ts";
import { appliedByUs, otherOwners } from "./ownership.ts";
import type { Kubernetes, KubernetesObject } from "./port.ts";
import { mirrorAnnotations } from "./render.ts";
import type { MirrorRow } from "./rows.ts";

/** What has become of a Secret that is no longer wanted. */
export type Retired = "kept" | "deleted" | "absent";

const rounds = 3;

/** Deletes a mirrored Secret, only that very object and only while it is still ours. Throws what the port throws. */
export async function retire(
  kubernetes: Kubernetes,
  { certificate, written }: MirrorRow,
  fieldManager: string,
): Promise<Retired> {
  if (!written) return "absent";
  const ref = { kind: "Secret", namespace: written.namespace, name: written.name } as const;
  const of = `${certificate.namespace}/${certificate.name}`;
  for (let round = 1; ; round += 1) {
    const there = await kubernetes.get(ref);
    if (!there) return "absent";
    const { uid, resourceVersion } = there.metadata;
    if (uid === undefined || !isStillOurs(there, of, fieldManager)) return "kept";
    try {
      await kubernetes.delete(ref, { uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) });
      return "deleted";
    } catch (error) {
      if (!isRefusalOf(error, "ObjectChanged") || round === rounds) throw error;
    }
  }
}

/** Applied by us for this Certificate, and nobody else applies its key. */
function isStillOurs(there: KubernetesObject, of: string, fieldManager: string): boolean {
  const { annotations = {} } = there.metadata;
  const { applied } = otherOwners(there, [["data", "tls.key"]], fieldManager);
  return appliedByUs(there, fieldManager) && annotations[mirrorAnnotations.certificate] === of && applied.length === 0;
}

import { createHash } from "node:crypto";
import type { KubernetesObject } from "../port.ts";
import type { ReloadRow } from "../rows.ts";

/**
 * The annotation of a pod template whose change restarts the pods: one for each Secret, so that two on one workload do not
 * fight, and always the same for a revision, so that a repeat changes nothing.
 */
export interface Mark {
  /** `reload.certwright.dev/www-tls` */
  annotation: string;
  /** `web/www@7`: the Certificate and its revision. */
  value: string;
}

export function markOf({ secret, certificate, revision }: ReloadRow): Mark {
  const { namespace, name } = certificate;
  return {
    annotation: `reload.certwright.dev/${annotationName(secret.name)}`,
    value: `${namespace}/${name}@${revision}`,
  };
}

/** The value that a workload's pod template carries. */
export function markOn(workload: KubernetesObject, { annotation }: Mark): string | undefined {
  return (workload as Templated).spec?.template?.metadata?.annotations?.[annotation];
}

/** The merge patch that sets it. */
export function patchFor({ annotation, value }: Mark): object {
  return { spec: { template: { metadata: { annotations: { [annotation]: value } } } } };
}

interface Templated extends KubernetesObject {
  spec?: { template?: { metadata?: { annotations?: Record<string, string> } } };
}

const longest = 63;
const digits = 16;

/**
 * A Secret's name has up to 253 characters, an annotation's 63
 * (https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/#syntax-and-character-set).
 */
function annotationName(secret: string): string {
  if (secret.length <= longest) return secret;
  const hash = createHash("sha256").update(secret).digest("hex").slice(0, digits);
  return `${secret.slice(0, longest - digits - 1)}-${hash}`;
}

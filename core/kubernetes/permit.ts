import type { Deps } from "../deps.ts";
import { RefusedError } from "../errors.ts";
import { appliedByUs, otherOwners } from "./ownership.ts";
import type { KubernetesObject } from "./port.ts";
import { mirrorAnnotations } from "./render.ts";
import type { MirrorRow } from "./rows.ts";
import type { Wanted } from "./wish.ts";

/**
 * Whether a Secret may be written at all: one that is not there, or ours, or given to us by its annotation (`adopts`: once,
 * and then over whoever owns it). Throws RefusedError SecretNotOurs, or FieldManagerConflict when somebody applies it.
 */
export async function mayWrite(
  deps: Deps,
  there: KubernetesObject | undefined,
  wanted: Wanted,
  { written }: MirrorRow,
): Promise<{ adopts: boolean }> {
  if (!there) return { adopts: false };
  const { at } = wanted;
  if (written?.namespace === at.namespace && written.name === at.name) return { adopts: false };
  const { annotations = {} } = there.metadata;
  const isGiven = annotations[mirrorAnnotations.adopt] === "true";
  if (!appliedByUs(there, deps.fieldManager)) {
    if (isGiven) return { adopts: true };
    throw foreign(there, wanted, deps.fieldManager);
  }
  const holder = annotations[mirrorAnnotations.certificate];
  const own = `${wanted.certificate.namespace}/${wanted.certificate.name}`;
  const isTaken = holder !== undefined && holder !== own && !isGiven && (await lives(deps, holder));
  if (isTaken) throw heldBy(holder, wanted);
  return { adopts: false };
}

/** The refusal for a Secret that is the mirror of another Certificate. */
export function heldBy(holder: string, { at }: Pick<Wanted, "at">): RefusedError {
  return new RefusedError({
    reason: "SecretNotOurs",
    message: `Secret ${at.namespace}/${at.name} is the mirror of Certificate ${holder}`,
    fix: "choose another secretName or namespaceMap, or take the other Certificate out of this cluster and delete the Secret",
  });
}

function foreign(there: KubernetesObject, { at }: Wanted, fieldManager: string): RefusedError {
  const keys = ["tls.crt", "tls.key", "ca.crt"].map((key) => ["data", key]);
  const { applied } = otherOwners(there, keys, fieldManager);
  const adopt = `annotate it ${mirrorAnnotations.adopt}=true to hand it over`;
  if (applied.length === 0) {
    const message = `Secret ${at.namespace}/${at.name} was not made by this installation`;
    return new RefusedError({ reason: "SecretNotOurs", message, fix: `${adopt}, or delete it` });
  }
  const managers = applied.map((one) => `"${one}"`).join(" and ");
  return new RefusedError({
    reason: "FieldManagerConflict",
    message: `Secret ${at.namespace}/${at.name} is written by ${managers}`,
    fix: `stop the other first and then ${adopt}, or give it another Secret`,
  });
}

async function lives({ state }: Deps, id: string): Promise<boolean> {
  const [namespace = "", name = ""] = id.split("/");
  const row = await state.certificate({ namespace, kind: "Certificate", name });
  return row !== undefined && row.deletedAt === undefined;
}

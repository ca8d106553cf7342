import { RefusedError } from "../errors.ts";
import { resourceOf } from "../resource.ts";
import type { StoreName } from "../rows.ts";
import { Superseded, type Work } from "./work.ts";

/** Claims the secret's name before anything is ordered: one owner per secret, by a conditional row in State. */
export async function claimSecret({ deps, key }: Work, secretName: string, store: StoreName): Promise<void> {
  const owner = resourceOf(key);
  const known = await deps.state.secretClaim(key.namespace, secretName);
  if (known?.owner === owner && known.releasedAt === undefined) return;
  const standing = await deps.state.claimSecret({ namespace: key.namespace, secretName, owner, store });
  if (standing.owner !== owner) throw ownedBy(standing.owner, key.namespace, secretName);
}

/** The result is written only to the secret that the attempt claimed: an edit to another name is decided on anew. */
export async function mustOwnSecret({ deps, key }: Work, secretName: string): Promise<void> {
  const standing = await deps.state.secretClaim(key.namespace, secretName);
  if (standing === undefined || standing.releasedAt !== undefined) throw new Superseded("spec.secretName changed");
  if (standing.owner !== resourceOf(key)) throw ownedBy(standing.owner, key.namespace, secretName);
}

function ownedBy(owner: string, namespace: string, secretName: string): RefusedError {
  return new RefusedError({
    reason: "SecretOwnedByAnother",
    message: `Secret "${secretName}" belongs to ${owner} of namespace "${namespace}"`,
    fix: "choose another spec.secretName, or delete the owner first",
  });
}

import type { Deps } from "../deps.ts";
import { RefusedError } from "../errors.ts";
import { parseCertificate } from "../request.ts";
import { idOf, parseKey, resourceOf } from "../resource.ts";
import type { SecretClaim, StoreName } from "../rows.ts";
import { Superseded, type Work } from "./work.ts";

/** Claims the secret's name before anything is ordered: one owner per secret, by a conditional row in State. */
export async function claimSecret({ deps, key, reads }: Work, secretName: string, store: StoreName): Promise<void> {
  const { namespace } = key;
  const owner = resourceOf(key);
  const known = await reads.secretClaim(key);
  if (known?.owner === owner && known.releasedAt === undefined) return;
  if (known && (await isForsaken(deps, known))) {
    await deps.state.releaseSecret(namespace, secretName, known.owner, deps.clock.now().getTime());
  }
  const standing = await deps.state.claimSecret({ namespace, secretName, owner, store });
  if (standing.owner !== owner) throw ownedBy(standing.owner, namespace, secretName);
}

/** The result is written only to the secret that the attempt claimed: an edit to another name is decided on anew. */
export function mustOwnSecret({ key }: Work, secretName: string, standing: SecretClaim | undefined): void {
  if (standing === undefined || standing.releasedAt !== undefined) throw new Superseded("spec.secretName changed");
  if (standing.owner !== resourceOf(key)) throw ownedBy(standing.owner, key.namespace, secretName);
}

/** Whether the owner asks for another secret now, or is forgotten, and has no certificate in this one. */
async function isForsaken({ requests, state }: Deps, { namespace, secretName, owner }: SecretClaim): Promise<boolean> {
  const key = parseKey(namespace, owner);
  if (key?.kind !== "Certificate") return false;
  const [stored, row] = await Promise.all([requests.getMany([key]), state.certificate(key)]);
  const request = stored.get(idOf(key));
  const parsed = request && parseCertificate(request);
  if (parsed)
    return parsed.ok && parsed.resource.spec.secretName !== secretName && row?.issued?.secretName !== secretName;
  return row === undefined || row.deletedAt !== undefined;
}

function ownedBy(owner: string, namespace: string, secretName: string): RefusedError {
  return new RefusedError({
    reason: "SecretOwnedByAnother",
    message: `Secret "${secretName}" belongs to ${owner} of namespace "${namespace}"`,
    fix: "choose another spec.secretName, or delete the owner first",
  });
}

import type { Deps } from "../deps.ts";
import { storedName } from "../deps.ts";
import type { Facts } from "../facts.ts";
import { idOf, resourceOf } from "../resource.ts";
import type { CertificateRow } from "../rows.ts";
import { tombstone } from "../transitions.ts";
import { abandon } from "./abandon.ts";

/**
 * The request is gone: renewal stops, the claim on the secret ends, the secret stays unless its annotation asked otherwise.
 * Effects before the tombstone, so that dying in between repeats them. False: the row changed under us.
 */
export async function forget(deps: Deps, { key, row, now }: Facts): Promise<boolean> {
  if (!row) return true;
  await abandon(deps, row, "the request was deleted");
  const secret = row.issued;
  if (secret) {
    if (row.recoveryDays !== undefined) {
      const store = await deps.store(secret.store);
      await store.scheduleDeletion(storedName(deps.instance, key.namespace, secret.secretName), row.recoveryDays);
    }
    await deps.state.releaseSecret(key.namespace, secret.secretName, resourceOf(key), now.getTime());
  }
  if (key.kind === "Certificate") await tellDeleted(deps, row);
  const saved = await deps.state.putCertificate(tombstone(row, now));
  if (saved === "saved") deps.log({ event: "deleted", certificate: idOf(key) });
  return saved === "saved";
}

async function tellDeleted({ events }: Deps, { key, issued, revision, recoveryDays }: CertificateRow): Promise<void> {
  const detail = {
    namespace: key.namespace,
    name: key.name,
    revision: revision ?? 0,
    ...(issued ? { secretName: issued.secretName, secretArn: issued.secretArn } : {}),
    secretKept: recoveryDays === undefined,
  };
  await events.publish([{ type: "Certificate Deleted", detail }]);
}

import type { KeyObject } from "node:crypto";
import type { Deps } from "../deps.ts";
import { publicKeyHashOf } from "../public-key-hash.ts";
import { idOf } from "../resource.ts";
import type { CertificateRow, Issued } from "../rows.ts";
import { rfc3339 } from "../status.ts";
import { noteRevocation } from "./ask.ts";

/**
 * Blocks the key of a working certificate, of which its CA says that it leaked. Who shares it is found by revoke-certificate, for
 * which a revocation is noted that the CA has made already. False: somebody else notes one just now, so that this is to be repeated.
 */
export async function blockKey(
  { state, clock }: Deps,
  { key, issued }: CertificateRow & { issued: Issued },
  publicKey: KeyObject,
  revokedAt: Date,
): Promise<boolean> {
  const now = clock.now();
  const at = rfc3339(now);
  await state.blockKey({ publicKeyHash: publicKeyHashOf(publicKey), saidBy: idOf(key), at });
  const ref = { namespace: key.namespace, name: key.name, attemptId: issued.attemptId };
  const wish = { at, reason: "keyCompromise", revokedAt: rfc3339(revokedAt) } as const;
  return (await noteRevocation({ state }, ref, wish, now)) !== "conflict";
}

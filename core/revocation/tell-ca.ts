import { createPrivateKey, createPublicKey } from "node:crypto";
import { type Deps, storedName } from "../deps.ts";
import { isNamed, RefusedError } from "../errors.ts";
import type { IssuerSpec } from "../issuer.ts";
import { publicKeyHashOf } from "../public-key-hash.ts";
import { parseId } from "../resource.ts";
import type { IssuerRow } from "../rows.ts";
import { keyFromSecretValue } from "../secret-value.ts";
import { rfc3339 } from "../status.ts";
import { type Subject, tell } from "./subject.ts";
import { reasonCodes } from "./wish.ts";

/**
 * Has the certificate revoked by the CA that made it, and notes in the row when, or why never. The certificate's own key proves a
 * leak to the CA (Let's Encrypt then blocks the key, too); else the account signs. Where one is refused the other is tried.
 */
export async function tellCa(deps: Deps, subject: Subject): Promise<void> {
  const { row, issuer: id } = subject;
  const key = parseId(id);
  const issuer = key && (await deps.state.issuer(key));
  if (!issuer || !(issuer.spec as IssuerSpec | undefined)?.acme) {
    row.refusal = issuer
      ? `${id} keeps no list of revoked certificates`
      : `its issuer ${id} is gone: nobody can ask the CA`;
    return tell(deps, row.ref, { reason: "NotRevoked", message: row.refusal });
  }
  try {
    const by = await revokeBySomebody(deps, subject, issuer);
    row.revokedAt = rfc3339(deps.clock.now());
    const message = `revoked at the CA (${row.reason}), signed by the ${by}`;
    await tell(deps, row.ref, { reason: "Revoked", message });
  } catch (error) {
    if (!(error instanceof RefusedError) || waitsForAccess(error)) throw error;
    row.refusal = error.message;
    await tell(deps, row.ref, { reason: "NotRevoked", message: error.message });
  }
}

/** A right, a key or an account that is missing can come back; what the CA says of the certificate stays said. */
function waitsForAccess({ reason }: RefusedError): boolean {
  return !["Unauthorized", "RefusedByCA", "Malformed", "BadRevocationReason", "RevocationNotOffered"].includes(reason);
}

async function revokeBySomebody(deps: Deps, subject: Subject, issuer: IssuerRow): Promise<"account" | "key"> {
  const { row, leaf } = subject;
  const acme = await deps.acme(issuer);
  const request = { certificateDer: leaf, reasonCode: reasonCodes[row.reason] };
  const keyFirst = row.with === "certificateKey" || (row.with === undefined && row.reason === "keyCompromise");
  const certificateKeyPem = row.with === "account" ? undefined : await keyOfCertificate(deps, subject);
  if (row.with === "certificateKey" && certificateKeyPem === undefined) throw keyNotHere();
  const byAccount = () => acme.revoke(request).then(() => "account" as const);
  if (certificateKeyPem === undefined) return byAccount();
  const byKey = () => acme.revoke({ ...request, certificateKeyPem }).then(() => "key" as const);
  if (row.with === "certificateKey") return byKey();
  return keyFirst ? refusedThen(byKey, byAccount) : refusedThen(byAccount, byKey);
}

type Attempted = () => Promise<"account" | "key">;

async function refusedThen(first: Attempted, second: Attempted): ReturnType<Attempted> {
  try {
    return await first();
  } catch (error) {
    if (!isNamed(error) || error.name !== "RefusedError") throw error;
    return second();
  }
}

/** PEM of the key in the stored secret while it still is this certificate's; JWS has no form for Ed25519 that CAs take. */
async function keyOfCertificate(deps: Deps, { certificate, publicKeyHash }: Subject): Promise<string | undefined> {
  const issued = certificate?.issued;
  if (!certificate || !issued) return undefined;
  const name = storedName(deps.instance, certificate.key.namespace, issued.secretName);
  const stored = await (await deps.store(issued.store)).read(name);
  const kept = stored && keyFromSecretValue(stored.value);
  if (!kept || kept.algorithm === "Ed25519") return undefined;
  const key = createPrivateKey({ key: Buffer.from(kept.pkcs8), format: "der", type: "pkcs8" });
  kept.pkcs8.fill(0);
  if (publicKeyHashOf(createPublicKey(key)) !== publicKeyHash) return undefined;
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

function keyNotHere(): RefusedError {
  return new RefusedError({
    reason: "RevocationKeyMissing",
    message: "the stored secret does not hold the key of that certificate, or one that cannot sign for a CA",
    fix: "revoke with the account",
  });
}

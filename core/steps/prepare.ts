import { createPrivateKey, createPublicKey } from "node:crypto";
import { askedFor } from "../asked-for.ts";
import type { CertificateSpec, OwnCsr } from "../certificate.ts";
import { certificateRequest } from "../certificate-request.ts";
import { together } from "../concurrently.ts";
import { type Deps, storedName } from "../deps.ts";
import { RefusedError } from "../errors.ts";
import { done, type Outcome } from "../outcome.ts";
import { publicKeyHashOf } from "../public-key-hash.ts";
import type { Resource } from "../resource.ts";
import { keyFromSecretValue } from "../secret-value.ts";
import { keystorePasswords } from "../stored-password.ts";
import { leftoversFrom } from "./leftovers.ts";
import { claimSecret } from "./own-secret.ts";
import { storePlaceholder } from "./store-placeholder.ts";
import { currentRequest, extendLease, type Work } from "./work.ts";

/** The lease that the rest of the attempt runs under. */
const leaseMs = 15 * 60_000;

/**
 * Makes the private key and the CSR in one invocation and seals the key before any order exists. The key is written first,
 * then the CSR: a CSR in State always belongs to the sealed key beside it.
 */
export async function prepare(work: Work): Promise<Outcome> {
  const { deps, ref, row } = work;
  const [certificate, leased, made] = await together([
    currentRequest(work),
    work.reads.certificate(work.key),
    work.reads.csr(ref),
    work.reads.secretClaim(work.key),
  ]);
  await extendLease(work, deps.clock.now().getTime() + leaseMs, leased);
  if (made) return done;
  const { spec } = certificate;
  if (spec.request) return takeOwnCsr(work, certificate, spec.request);
  await claimSecret(work, spec.secretName, spec.options.store ?? deps.defaultStore);
  // Looked at before anything is ordered: without them the certificate could not be written.
  if (spec.keystores) await keystorePasswords(deps, work.key.namespace, spec.keystores);
  if (!row.hasRecords) await expectLeftovers(work);
  const pkcs8 = (await keptKey(work, spec)) ?? (await deps.keys.privateKey(spec.privateKey));
  const request = certificateRequest(spec, work.issuer);
  const csr = await deps.keys.csr({ pkcs8, ...request });
  const sealed = await (await deps.sealer()).seal(pkcs8, ref);
  if ((await deps.state.putSealedKey(ref, sealed)) === "conflict") return interrupted(work);
  await storePlaceholder(work, spec, { pkcs8, csr: csr.der });
  pkcs8.fill(0);
  await deps.state.putCsr(ref, {
    csr: Buffer.from(csr.der).toString("base64"),
    publicKeyHash: csr.publicKeyHash,
    names: [...request.names],
    asked: askedFor(certificate, work.issuer),
  });
  return done;
}

/** A CertificateRequest brings its CSR: there is no key to make, and no secret to claim. */
async function takeOwnCsr(
  { deps, ref, issuer }: Work,
  request: Resource<CertificateSpec>,
  { csr, publicKeyHash }: OwnCsr,
): Promise<Outcome> {
  if (await deps.state.blockedKey(publicKeyHash)) throw blocked(publicKeyHash);
  const asked = askedFor(request, issuer);
  await deps.state.putCsr(ref, { csr, publicKeyHash, names: asked.dnsNames, asked });
  return done;
}

function blocked(publicKeyHash: string): RefusedError {
  return new RefusedError({
    reason: "KeyBlocked",
    message: `the key ${publicKeyHash} of spec.request was compromised and will never be certified again`,
    fix: "make another CertificateRequest with a new key",
    endsAttempt: true,
  });
}

/** An attempt that an older version began does not say yet that there may be something to clean up. */
async function expectLeftovers({ deps, row, save }: Work): Promise<void> {
  Object.assign(row, leftoversFrom(deps.clock.now().getTime()));
  await save();
}

/**
 * A key is sealed already. With its CSR beside it another invocation has done the work; without, that one died in between
 * and nobody can open the key to make the CSR: this attempt ends before it cost anything, the next one starts at once.
 */
async function interrupted({ deps, ref }: Work): Promise<Outcome> {
  const made = (await deps.state.csrs([ref])).has(ref.attemptId);
  return made ? done : { superseded: "prepare was interrupted between key and request" };
}

/** rotationPolicy Never: the key in the stored secret, if there is one; it must fit the spec. */
async function keptKey(
  { deps, key, reads }: Work,
  spec: Resource<CertificateSpec>["spec"],
): Promise<Uint8Array | undefined> {
  if (spec.privateKey.rotationPolicy !== "Never") return undefined;
  const row = await reads.certificate(key);
  if (!row?.issued || row.issued.secretName !== spec.secretName) return undefined;
  const store = await deps.store(row.issued.store);
  const secret = await store.read(storedName(deps.instance, key.namespace, spec.secretName));
  if (!secret) return undefined;
  const kept = keyFromSecretValue(secret.value);
  if (kept && (await isBlocked(kept.pkcs8, deps))) return undefined;
  if (kept && kept.algorithm === spec.privateKey.algorithm && kept.size === spec.privateKey.size) return kept.pkcs8;
  throw new RefusedError({
    reason: "CannotRegenerateKey",
    message: `the key in Secret "${spec.secretName}" does not fit spec.privateKey and rotationPolicy is Never`,
    fix: "set spec.privateKey.rotationPolicy to Always, or put algorithm and size back",
  });
}

/** A key in wrong hands is not kept, whatever the rotation policy says. */
async function isBlocked(pkcs8: Uint8Array, { state }: Deps): Promise<boolean> {
  const publicKey = createPublicKey(createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" }));
  return (await state.blockedKey(publicKeyHashOf(publicKey))) !== undefined;
}

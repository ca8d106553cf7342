import type { CertificateSpec } from "../certificate.ts";
import { readCertificate } from "../certificate-identity.ts";
import { together } from "../concurrently.ts";
import { contentHash, unknownContent } from "../content-hash.ts";
import { storedName } from "../deps.ts";
import { isRefusalOf, RefusedError } from "../errors.ts";
import { foreignIn } from "../foreign.ts";
import { withKeystores } from "../keystores.ts";
import { checkReceived } from "../received.ts";
import { renewalTime } from "../renewal.ts";
import { parseCertificate } from "../request.ts";
import { type Resource, resourceOf } from "../resource.ts";
import type { CertificateRow, Issued, StoreName } from "../rows.ts";
import { templateNames } from "../secret-template.ts";
import { type SecretContent, secretValue } from "../secret-value.ts";
import { shortenedBy, signerOf } from "./of-ca.ts";
import { mustOwnSecret } from "./own-secret.ts";
import { LeaseLost, Superseded, type Work } from "./work.ts";

/** A certificate that is in its secret; the status does not say so yet. */
export interface Stored {
  work: Work;
  row: CertificateRow;
  certificate: Resource<CertificateSpec>;
  issued: Issued;
  /** Why the renewal is in none of the windows. */
  windowError: string | undefined;
  /** Set when it ends earlier than asked, with its CA. */
  shortened: string | undefined;
  revision: number;
  /** PEM, leaf first. */
  chain: string;
}

/** Checks what came back and writes it: a compare-and-swap by the attempt's UUID, safe to repeat. */
export async function storeSecret(work: Work): Promise<Stored> {
  const { key, ref, reads } = work;
  const [row, certificate, claim] = await together([
    leasedRow(work),
    stillWanted(work),
    reads.secretClaim(key),
    ...[reads.chain(ref), reads.csr(ref), reads.sealedKey(ref)],
  ]);
  mustOwnSecret(work, certificate.spec.secretName, claim);
  const content = await contentOf(work, row, certificate);
  const { written, foreign } = await write(work, row, certificate, content).finally(() => content.keyPkcs8Der.fill(0));
  const shortened = shortenedBy(work, content.chainPem, await work.reads.csr(work.ref));
  const { issued, windowError } = issuedBy(work, certificate, { content, shortened }, written);
  const whole = foreign ? { ...issued, foreign } : issued;
  return {
    work,
    row,
    certificate,
    issued: whole,
    windowError,
    shortened,
    revision: (row.revision ?? 0) + 1,
    chain: content.chainPem,
  };
}

async function leasedRow(work: Work): Promise<CertificateRow> {
  return mustLease(work, await work.reads.certificate(work.key));
}

function mustLease({ ref, leaseId }: Work, row: CertificateRow | undefined): CertificateRow {
  if (row?.attempt?.id !== ref.attemptId || row.attempt.leaseId !== leaseId) throw new LeaseLost();
  return row;
}

/** After Finalize only a deletion or another secret makes the result useless. */
async function stillWanted(work: Work): Promise<Resource<CertificateSpec>> {
  const stored = await work.reads.request(work.key);
  if (!stored) throw new Superseded("the request was deleted");
  const parsed = parseCertificate(stored);
  if (!parsed.ok) throw new Superseded("the request changed and is not valid");
  return parsed.resource;
}

function storeOf({ deps }: Work, certificate: Resource<CertificateSpec>): StoreName {
  return certificate.spec.options.store ?? deps.defaultStore;
}

/** What is to be written, after what came back was checked; its key is to be wiped. */
async function contentOf(
  { deps, ref, key, reads, row: attempt }: Work,
  row: CertificateRow,
  certificate: Resource<CertificateSpec>,
): Promise<SecretContent> {
  const [item, csr, sealed] = await Promise.all([reads.chain(ref), reads.csr(ref), reads.sealedKey(ref)]);
  if (!item || !csr || !sealed) {
    throw new RefusedError({
      reason: "AttemptIncomplete",
      message: "the attempt lost its key or chain",
      endsAttempt: true,
    });
  }
  const { spec } = certificate;
  const pkcs8 = await (await deps.sealer()).open(sealed, ref);
  const renews = attempt.reason === "Renewing" ? row.issued : undefined;
  checkReceived({ chain: item.chain, csr, pkcs8, renews, now: deps.clock.now() });
  const content = {
    spec,
    name: key.name,
    chainPem: item.chain,
    ...(item.ca === undefined ? {} : { caPem: item.ca }),
    keyPkcs8Der: Buffer.from(pkcs8),
  };
  pkcs8.fill(0);
  return withKeystores(deps, key.namespace, content);
}

/**
 * Written blind, because the version it replaces is known or there is none. A refusal while we hold lease and claim means that
 * the secret was kept by an earlier owner, or written over by hand: then it is looked at, and ours goes on top, once. What
 * others put into it stays; it is read only when there is such.
 */
async function write(
  work: Work,
  row: CertificateRow,
  certificate: Resource<CertificateSpec>,
  content: SecretContent,
): Promise<{ written: { arn: string; versionId: string }; foreign?: true }> {
  const { deps, key, ref } = work;
  const { secretName, secretTemplate } = certificate.spec;
  const name = storedName(deps.instance, key.namespace, secretName);
  const storeName = storeOf(work, certificate);
  const store = await deps.store(storeName);
  const replaced = row.issued?.secretName === secretName && row.issued.store === storeName ? row.issued : undefined;
  const left = replaced?.template ?? (row.leftTemplate?.secretName === secretName ? row.leftTemplate : undefined);
  const over = async (replaces: string | undefined, value: string | undefined) => {
    const foreign = value === undefined ? undefined : foreignIn(value, secretTemplate, left);
    const written = await store.write({
      name,
      value: secretValue({ ...content, ...(foreign ? { foreign } : {}) }),
      token: ref.attemptId,
      replaces,
      owner: `${key.namespace}/${resourceOf(key)}`,
      namespace: key.namespace,
      issuer: work.row.issuer,
    });
    return { written, ...(foreign ? { foreign: true as const } : {}) };
  };
  const known = replaced?.foreign ? await store.read(name) : undefined;
  return over(replaced?.versionId, known?.value).catch(async (error: unknown) => {
    if (!isRefusalOf(error, "StaleSecret") && !isRefusalOf(error, "SecretOwnedByAnother")) throw error;
    const described = await store.describe(name);
    const current = described?.owner === undefined || described.deletedAt ? undefined : await store.read(name);
    // After the look: whoever takes the lease or the claim from now on, and writes, makes our write stale.
    const [leased, claim] = await Promise.all([
      deps.state.certificate(key),
      deps.state.secretClaim(key.namespace, secretName),
    ]);
    mustLease(work, leased);
    mustOwnSecret(work, secretName, claim);
    return over((current ?? described)?.versionId, current?.value);
  });
}

function issuedBy(
  { ref, deps, issuer, row: attempt }: Work,
  certificate: Resource<CertificateSpec>,
  { content, shortened }: { content: SecretContent; shortened: string | undefined },
  written: { arn: string; versionId: string },
): Pick<Stored, "issued" | "windowError"> {
  const { spec } = certificate;
  const leaf = readCertificate(content.chainPem);
  // An invocation that died may have written it as the spec was before the edit; then it stays so under this token.
  const hash = certificate.specHash === attempt.specHash ? contentHash(spec) : unknownContent;
  const template = templateNames(spec.secretTemplate);
  const caFingerprint = signerOf(issuer, content);
  const life = { notBefore: leaf.notBefore.getTime(), notAfter: leaf.notAfter.getTime() };
  const { at, windowError } = renewalTime({ ...life, ...spec, fraction: deps.chance.fraction() });
  const issued: Issued = {
    specHash: attempt.specHash,
    attemptId: ref.attemptId,
    secretName: spec.secretName,
    store: spec.options.store ?? deps.defaultStore,
    secretArn: written.arn,
    versionId: written.versionId,
    ...life,
    // Before its CA is renewed, a renewal could give it nothing.
    ...(at === undefined ? {} : { renewalTime: shortened ? life.notAfter : at }),
    fingerprint: leaf.fingerprint,
    ...(hash === undefined ? {} : { contentHash: hash }),
    ...(template === undefined ? {} : { template }),
    ...(caFingerprint === undefined ? {} : { caFingerprint }),
  };
  return { issued, windowError: shortened ? undefined : windowError };
}

/** The detail of `Certificate Issued` (docs/events/certificate-issued.v1.schema.json). */
export function issuedDetail({ work, certificate, issued, revision }: Stored): Record<string, unknown> {
  const { key, row } = work;
  const { secretName, secretArn, versionId, fingerprint, store } = issued;
  const { isCA } = certificate.spec;
  return {
    namespace: key.namespace,
    name: key.name,
    revision,
    secretName,
    secretArn,
    versionId,
    fingerprint,
    store,
    issuer: row.issuer,
    notBefore: new Date(issued.notBefore).toISOString(),
    notAfter: new Date(issued.notAfter).toISOString(),
    ...(isCA ? { isCA } : {}),
  };
}

import type { CertificateSpec } from "../certificate.ts";
import { readCertificate } from "../certificate-identity.ts";
import { storedName } from "../deps.ts";
import { RefusedError } from "../errors.ts";
import type { Outcome } from "../outcome.ts";
import type { SecretWrite } from "../ports.ts";
import { checkReceived } from "../received.ts";
import { fenceIssuances, renewalTime } from "../renewal.ts";
import { parseCertificate } from "../request.ts";
import { type Resource, resourceOf } from "../resource.ts";
import type { CertificateRow, Issued, StoreName } from "../rows.ts";
import { secretValue } from "../secret-value.ts";
import { readyByCertificate } from "../transitions.ts";
import { isRefusalOf } from "./create-order.ts";
import { endAttempt } from "./end.ts";
import { changeCertificate, LeaseLost, Superseded, type Work } from "./work.ts";

/**
 * Checks what came back, writes the value once, promotes it, tells the bus, then the status: in this order, each repeatable.
 * An edit made after Finalize does not lose the result, as long as the secret still is this Certificate's.
 */
export async function writeSecret(work: Work): Promise<Outcome> {
  const { deps, ref, key } = work;
  const [row, certificate] = await Promise.all([leasedRow(work), stillWanted(work)]);
  await claim(work, certificate.spec.secretName, storeOf(work, certificate));
  const { value, chain } = await makeValue(work, row, certificate);
  const written = await write(work, row, certificate, value);
  const issued = issuedBy(work, certificate, chain, written);
  const revision = (row.revision ?? 0) + 1;
  await deps.events.publish([{ type: "Certificate Issued", detail: issuedDetail(work, issued, revision) }]);
  const saved = await changeCertificate(deps, work, (before) => finished(work, before, issued, revision, certificate));
  if (!saved) throw new LeaseLost();
  const message = `stored in Secret "${issued.secretName}", revision ${revision}`;
  await endAttempt(deps, { ...work.row, step: "write-secret" }, { result: "issued", reason: "Issued", message });
  await deps.state
    .addEvent({
      key,
      at: deps.clock.now().getTime(),
      type: "Normal",
      reason: "Issued",
      message,
      attemptId: ref.attemptId,
    })
    .catch((error: unknown) => deps.log({ event: "untold", error: String(error) }));
  return { ended: true };
}

async function leasedRow({ deps, key, ref, leaseId }: Work): Promise<CertificateRow> {
  const row = await deps.state.certificate(key);
  if (row?.attempt?.id !== ref.attemptId || row.attempt.leaseId !== leaseId) throw new LeaseLost();
  return row;
}

/** After Finalize only a deletion or another secret makes the result useless. */
async function stillWanted(work: Work): Promise<Resource<CertificateSpec>> {
  const stored = await work.deps.requests.get(work.key);
  if (!stored) throw new Superseded("the request was deleted");
  const parsed = parseCertificate(stored);
  if (!parsed.ok) throw new Superseded("the request changed and is not valid");
  return parsed.resource;
}

function storeOf({ deps }: Work, certificate: Resource<CertificateSpec>): StoreName {
  return certificate.spec.options.store ?? deps.defaultStore;
}

async function claim({ deps, key }: Work, secretName: string, store: StoreName): Promise<void> {
  const owner = resourceOf(key);
  const standing = await deps.state.claimSecret({ namespace: key.namespace, secretName, owner, store });
  if (standing.owner === owner) return;
  throw new RefusedError({
    reason: "SecretOwnedByAnother",
    message: `Secret "${secretName}" belongs to ${standing.owner} of namespace "${key.namespace}"`,
    fix: "choose another spec.secretName, or delete the owner first",
  });
}

async function makeValue(
  { deps, ref, key, row: attempt }: Work,
  row: CertificateRow,
  certificate: Resource<CertificateSpec>,
) {
  const [item, csrs, sealed] = await Promise.all([
    deps.state.chain(ref),
    deps.state.csrs([ref]),
    deps.state.sealedKey(ref),
  ]);
  const csr = csrs.get(ref.attemptId);
  if (!item || !csr || !sealed) {
    throw new RefusedError({
      reason: "AttemptIncomplete",
      message: "the attempt lost its key or chain",
      endsAttempt: true,
    });
  }
  const pkcs8 = await (await deps.sealer()).open(sealed, ref);
  const renews = attempt.reason === "Renewing" ? row.issued : undefined;
  checkReceived({ chain: item.chain, csr, pkcs8, renews, now: deps.clock.now() });
  const value = secretValue({
    spec: certificate.spec,
    name: key.name,
    chainPem: item.chain,
    keyPkcs8Der: Buffer.from(pkcs8),
  });
  pkcs8.fill(0);
  return { value, chain: item.chain };
}

/** A refused compare-and-swap while we hold lease and claim: somebody wrote over the secret by hand. Ours goes on top, once. */
async function write(work: Work, row: CertificateRow, certificate: Resource<CertificateSpec>, value: string) {
  const { deps, key, ref } = work;
  const { secretName } = certificate.spec;
  const name = storedName(deps.instance, key.namespace, secretName);
  const storeName = storeOf(work, certificate);
  const store = await deps.store(storeName);
  const sameSecret = row.issued?.secretName === secretName && row.issued.store === storeName;
  const replaces = sameSecret ? row.issued?.versionId : (await store.describe(name))?.versionId;
  const request: SecretWrite = {
    name,
    value,
    token: ref.attemptId,
    replaces,
    owner: `${key.namespace}/${resourceOf(key)}`,
    namespace: key.namespace,
    issuer: work.row.issuer,
  };
  return store.write(request).catch(async (error: unknown) => {
    if (!isRefusalOf(error, "StaleSecret")) throw error;
    const current = await store.describe(name);
    return store.write({ ...request, replaces: current?.versionId });
  });
}

function issuedBy(
  { ref, deps }: Work,
  certificate: Resource<CertificateSpec>,
  chain: string,
  written: { arn: string; versionId: string },
): Issued {
  const { spec } = certificate;
  const leaf = readCertificate(chain);
  const life = { notBefore: leaf.notBefore.getTime(), notAfter: leaf.notAfter.getTime() };
  return {
    attemptId: ref.attemptId,
    secretName: spec.secretName,
    store: spec.options.store ?? deps.defaultStore,
    secretArn: written.arn,
    versionId: written.versionId,
    ...life,
    renewalTime: renewalTime({ ...life, ...spec, fraction: deps.chance.fraction() }),
    fingerprint: leaf.fingerprint,
  };
}

function issuedDetail({ key, row }: Work, issued: Issued, revision: number): Record<string, unknown> {
  const { secretName, secretArn, versionId, fingerprint, store } = issued;
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
  };
}

/** The status of a certificate that was just written; one whose spec changed meanwhile is decided on again at once. */
function finished(
  work: Work,
  row: CertificateRow,
  issued: Issued,
  revision: number,
  certificate: Resource<CertificateSpec>,
): CertificateRow {
  const now = work.deps.clock.now();
  const {
    attempt: _a,
    issuing: _i,
    failedIssuanceAttempts: _f,
    lastFailureTime: _l,
    waitsForIssuer: _w,
    ...rest
  } = row;
  const edited = certificate.specHash !== work.row.specHash;
  const automatic = work.row.reason !== "ManuallyTriggered" && work.row.reason !== "RequestChanged";
  const recent = automatic
    ? [now.getTime(), ...(row.recentIssuances ?? [])].slice(0, fenceIssuances)
    : row.recentIssuances;
  const next = { ...rest, issued, revision, ...(recent ? { recentIssuances: recent } : {}) };
  return {
    ...next,
    ready: readyByCertificate(next, now),
    dueAt: edited ? now.getTime() : issued.renewalTime,
    lane: "renew",
  };
}

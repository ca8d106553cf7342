import { X509Certificate } from "node:crypto";
import { type CaPair, readCaPair } from "../ca-pair.ts";
import type { CertificateSpec } from "../certificate.ts";
import { concurrently, together } from "../concurrently.ts";
import { RefusedError } from "../errors.ts";
import type { CaSpec, IssuerSpec, SelfSignedSpec } from "../issuer.ts";
import { done, type Outcome } from "../outcome.ts";
import { keyOfRequest } from "../own-csr/key-of-request.ts";
import { idOf } from "../resource.ts";
import type { ChainItem } from "../rows.ts";
import type { SigningOrder } from "../signing-port.ts";
import { rdnSequence } from "../subject.ts";
import { keepChain } from "./keep-chain.ts";
import { currentRequest, type Work } from "./work.ts";

const concurrency = 10;

/**
 * Signs the requests of a whole batch: the CA's pair is read once, each self-signed one needs the key of its own attempt.
 * A repeat signs again, and the first chain stays.
 */
export async function sign(works: Work[]): Promise<Map<string, Outcome | Error>> {
  const [first] = works;
  if (!first) return new Map();
  // What signOne reads for the whole batch is read meanwhile.
  const [signer] = await together([signerOf(first), first.reads.request(first.key), first.reads.csr(first.ref)]);
  const outcomes = await concurrently(concurrency, works, (work) => signOne(work, signer).catch(asError));
  return new Map(works.map(({ ref }, index) => [ref.attemptId, outcomes[index] ?? new Error("no outcome")]));
}

type Signer = (work: Work, order: SigningOrder, spec: CertificateSpec) => Promise<ChainItem>;

async function signerOf({ deps, issuer }: Work): Promise<Signer> {
  const { ca, selfSigned } = issuer.spec as IssuerSpec;
  if (ca) {
    const pair = await readCaPair(deps, issuer.key, ca.secretName);
    return (work, order) => byCa(work, ca, pair, order);
  }
  if (selfSigned) return (work, order, spec) => bySelf(work, selfSigned, order, spec);
  throw new TypeError("the issuer signs nothing");
}

async function signOne(work: Work, signer: Signer): Promise<Outcome> {
  const { deps, ref, reads } = work;
  const { spec } = await currentRequest(work);
  const item = await reads.csr(ref);
  if (!item) throw incomplete("its certificate request");
  const now = deps.clock.now().getTime();
  const order: SigningOrder = {
    csr: Buffer.from(item.csr, "base64"),
    isCA: spec.isCA === true,
    usages: spec.usages,
    notBefore: new Date(now),
    notAfter: new Date(now + spec.durationSeconds * 1_000),
    crlDistributionPoints: [],
    ocspServers: [],
    issuingCertificateURLs: [],
  };
  await keepChain(work, await signer(work, order, spec));
  return done;
}

/** A leaf never outlives its CA: Write secret says so in a condition. */
async function byCa({ deps }: Work, spec: CaSpec, pair: CaPair, order: SigningOrder): Promise<ChainItem> {
  const { crlDistributionPoints, ocspServers, issuingCertificateURLs } = spec;
  const { certificate, key, intermediates, top } = pair;
  const notAfter = new Date(Math.min(order.notAfter.getTime(), certificate.validToDate.getTime()));
  const urls = { crlDistributionPoints, ocspServers, issuingCertificateURLs };
  const leaf = await deps.signers.ca({ ...order, ...urls, notAfter }, { certificate: String(certificate), key });
  if (!new X509Certificate(leaf).checkIssued(certificate)) throw cannotSign(spec.secretName);
  return { chain: leaf + intermediates, ca: top };
}

async function bySelf(
  work: Work,
  { crlDistributionPoints }: SelfSignedSpec,
  order: SigningOrder,
  spec: CertificateSpec,
): Promise<ChainItem> {
  const { deps } = work;
  const { signatureAlgorithm } = spec;
  const pkcs8 = spec.request ? await keyOfRequest(work, spec.request) : await sealedKey(work);
  const chain = await deps.signers.selfSigned({ ...order, crlDistributionPoints }, { pkcs8, signatureAlgorithm });
  pkcs8.fill(0);
  // Of the subject of a request that somebody brought only the common name was read.
  if (!spec.request && rdnSequence(spec).length === 0) await warnOfNoName(work);
  return { chain, ca: chain };
}

async function sealedKey({ deps, ref, reads }: Work): Promise<Uint8Array> {
  const sealed = await reads.sealedKey(ref);
  if (!sealed) throw incomplete("its key");
  return (await deps.sealer()).open(sealed, ref);
}

/** Best effort, in cert-manager's words. */
async function warnOfNoName({ deps, key, ref }: Work): Promise<void> {
  const message =
    "Certificate will be issued with an empty Issuer DN, which contravenes RFC 5280 and could break some strict clients";
  const event = { key, at: deps.clock.now().getTime(), type: "Warning", reason: "BadConfig", message } as const;
  await deps.state
    .addEvent({ ...event, attemptId: ref.attemptId })
    .catch((error) => deps.log({ event: "untold", certificate: idOf(key), error: String(error) }));
}

/** The CA's key usage has no cert sign. */
function cannotSign(secretName: string): RefusedError {
  return new RefusedError({
    reason: "SigningError",
    message: `Error signing certificate: the CA in secret "${secretName}" may not sign certificates`,
    fix: "give the CA the key usage `cert sign`",
  });
}

function incomplete(what: string): RefusedError {
  return new RefusedError({ reason: "AttemptIncomplete", message: `the attempt lost ${what}`, endsAttempt: true });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

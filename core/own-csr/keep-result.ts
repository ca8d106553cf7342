import { readCertificate } from "../certificate-identity.ts";
import { RefusedError } from "../errors.ts";
import { checkReceived } from "../received.ts";
import { idOf } from "../resource.ts";
import { endAttempt } from "../steps/end.ts";
import { keptUntil } from "../steps/keep-chain.ts";
import { changeCertificate, LeaseLost, Superseded, type Work } from "../steps/work.ts";
import type { SignedRequest } from "./own-request.ts";
import { signedRequest } from "./request-row.ts";

/**
 * What Write secret does of a CertificateRequest: there is no secret, the chain beside the attempt is the result and the status says
 * so. First the status, then the attempt's end: a death in between is seen by Clean up. An edit after Finalize wastes nothing.
 */
export async function keepResult(work: Work): Promise<undefined> {
  const { deps, ref, key, reads, row } = work;
  if (!(await reads.request(key))) throw new Superseded("the request was deleted");
  const [item, csr] = await Promise.all([reads.chain(ref), reads.csr(ref)]);
  if (!item || !csr) {
    const message = "the attempt lost its request or chain";
    throw new RefusedError({ reason: "AttemptIncomplete", message, endsAttempt: true });
  }
  const now = deps.clock.now();
  checkReceived({ chain: item.chain, csr, renews: undefined, now });
  const { notBefore, notAfter, fingerprint } = readCertificate(item.chain);
  const signed: SignedRequest = {
    attemptId: ref.attemptId,
    notBefore: notBefore.getTime(),
    notAfter: notAfter.getTime(),
    fingerprint,
  };
  const known = await reads.certificate(key);
  if (!(await changeCertificate(deps, work, (before) => signedRequest(before, signed, now), known)))
    throw new LeaseLost();
  const message = "Certificate fetched from issuer successfully";
  const event = { key, at: now.getTime(), type: "Normal", reason: "CertificateIssued", message } as const;
  await deps.state
    .addEvent({ ...event, attemptId: ref.attemptId })
    .catch((error) => deps.log({ event: "untold", certificate: idOf(key), error: String(error) }));
  const outcome = { result: "issued", reason: "Issued", message } as const;
  const attempt = { ...row, step: "write-secret" as const, expiresAt: keptUntil(signed.notAfter) };
  work.freed.push(...((await endAttempt(deps, attempt, outcome)) ?? []));
  return undefined;
}

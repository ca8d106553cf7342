import type { X509Certificate } from "node:crypto";
import { readCrl } from "../../core/crl.ts";
import { ocspRequest, readOcspResponse } from "../../core/ocsp.ts";
import { rfc3339 } from "../../core/status.ts";
import type { Download } from "./download.ts";

/** What a CA's revocation service says. */
export interface RevocationStatus {
  status: "good" | "revoked" | "unknown" | "not checked";
  /** Why it was not checked, when and why it was revoked, or until when the answer holds. */
  message: string;
}

/** What the checks need. */
export interface RevocationInput {
  certificate: X509Certificate;
  /** The certificate of its issuer, when the secret has it. */
  issuer: X509Certificate | undefined;
  now: Date;
  download(request: Pick<Download, "url" | "post">): Promise<Uint8Array>;
}

const noIssuer: RevocationStatus = {
  status: "not checked",
  message: "the certificate of its issuer is not in the secret, so nobody could say who signed the answer",
};

/** By the first of its revocation lists that can be read; the list must be signed by the issuer and be valid now. */
export async function crlStatus(urls: string[], input: RevocationInput): Promise<RevocationStatus> {
  return firstAnswer(urls, "it names no revocation list", input, async (url, issuer) => {
    const crl = readCrl(await input.download({ url }));
    if (!crl.isSignedBy(issuer)) throw new Error(`${url} is not signed by the issuer`);
    if (crl.nextUpdate && crl.nextUpdate <= input.now) throw new Error(`${url} ended on ${rfc3339(crl.nextUpdate)}`);
    const revoked = crl.revocationOf(input.certificate.serialNumber);
    if (revoked) return { status: "revoked", message: revokedAt(revoked) };
    if (crl.isDelta) throw new Error(`${url} lists changes only`);
    return { status: "good", message: `not in the list of ${times(crl)}` };
  });
}

/** By the first of its OCSP responders that answers. */
export async function ocspStatus(urls: string[], input: RevocationInput): Promise<RevocationStatus> {
  return firstAnswer(urls, "it names no OCSP responder", input, async (url, issuer) => {
    const { certificate, now } = input;
    const body = ocspRequest(certificate, issuer);
    const answer = await input.download({ url, post: { type: "application/ocsp-request", body } });
    const said = readOcspResponse(answer, { certificate, issuer });
    if (said.nextUpdate && said.nextUpdate <= now) throw new Error(`${url} gave an old answer`);
    if (said.status !== "revoked") return { status: said.status, message: `by the answer of ${times(said)}` };
    const at = said.revokedAt ?? said.thisUpdate;
    return { status: "revoked", message: revokedAt({ at, ...(said.reason ? { reason: said.reason } : {}) }) };
  });
}

async function firstAnswer(
  urls: string[],
  none: string,
  { issuer }: RevocationInput,
  ask: (url: string, issuer: X509Certificate) => Promise<RevocationStatus>,
): Promise<RevocationStatus> {
  const web = urls.filter((url) => /^https?:/i.test(url));
  if (web.length === 0) return { status: "not checked", message: none };
  if (!issuer) return noIssuer;
  const problems: string[] = [];
  for (const url of web.slice(0, 4)) {
    try {
      return await ask(url, issuer);
    } catch (error) {
      problems.push(error instanceof RangeError ? `${url}: ${error.message}` : (error as Error).message);
    }
  }
  return { status: "not checked", message: problems.join("; ") };
}

function revokedAt({ at, reason }: { at: Date; reason?: string }): string {
  return `revoked at ${rfc3339(at)}${reason === undefined ? "" : `, ${reason}`}`;
}

function times({ thisUpdate, nextUpdate }: { thisUpdate: Date; nextUpdate?: Date }): string {
  return `${rfc3339(thisUpdate)}${nextUpdate ? `, which holds until ${rfc3339(nextUpdate)}` : ""}`;
}

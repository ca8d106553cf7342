import { certificatesOf, readCertificate } from "../certificate-identity.ts";
import type { IssuerSpec } from "../issuer.ts";
import type { CsrItem, IssuerRow } from "../rows.ts";
import type { SecretContent } from "../secret-value.ts";
import { rfc3339 } from "../status.ts";
import type { Work } from "./work.ts";

/** SHA-256 of the certificate of the `ca` issuer's CA that signed the leaf, lower-case hex; other issuers have none. */
export function signerOf(
  issuer: IssuerRow,
  { chainPem, caPem: ca }: Pick<SecretContent, "chainPem" | "caPem">,
): string | undefined {
  if (!(issuer.spec as IssuerSpec | undefined)?.ca || ca === undefined) return undefined;
  const signer = certificatesOf(chainPem)[1]?.toString() ?? ca;
  return readCertificate(signer).fingerprint;
}

/** Says until when a certificate was asked for that ends with its CA, and when that is; undefined when it has all it asked for. */
export function shortenedBy({ issuer, row }: Work, chainPem: string, csr: CsrItem | undefined): string | undefined {
  if (!csr || !row.signs || !(issuer.spec as IssuerSpec | undefined)?.ca) return undefined;
  const { notBefore, notAfter } = readCertificate(chainPem);
  const wanted = notBefore.getTime() + csr.asked.durationSeconds * 1_000;
  if (notAfter.getTime() >= wanted) return undefined;
  return `asked for until ${rfc3339(wanted)}, but its CA ends on ${rfc3339(notAfter)}: renewed when the CA is`;
}

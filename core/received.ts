import { createPrivateKey, X509Certificate } from "node:crypto";
import { readCertificate, verifyChain } from "./certificate-identity.ts";
import { toALabel } from "./dns-name.ts";
import { RefusedError } from "./errors.ts";
import type { CsrItem, Issued } from "./rows.ts";
import { rfc3339 } from "./status.ts";
import { commonNameOf, type SubjectFields } from "./subject.ts";

/** What came back from the CA, and what it must fit. */
export interface Received {
  chain: string;
  csr: CsrItem;
  /** Absent where its owner alone has it: then the request's public key is compared. */
  pkcs8?: Uint8Array;
  /** The working certificate that this one is to replace by age (reason Renewing). */
  renews: Issued | undefined;
  now: Date;
}

/** How far a CA's clock may be ahead of ours. */
const skewMs = 3_600_000;

/** Refuses a certificate that is not the one asked for: the old secret stays, a new attempt begins. */
export function checkReceived({ chain, csr, pkcs8, renews, now }: Received): void {
  const leaf = parsed(chain);
  const fault =
    (pkcs8 ? wrongKey(chain, pkcs8) : otherKey(leaf.publicKeyHash, csr)) ??
    wrongNames(leaf.names, csr.names, csr.asked) ??
    wrongNames(leaf.ipAddresses, csr.asked.ipAddresses ?? []) ??
    wrongTime(leaf, renews, now) ??
    wrongChain(chain);
  if (fault) throw refused(fault);
}

function parsed(chain: string) {
  try {
    return readCertificate(chain);
  } catch (error) {
    throw refused(`it does not parse (${error instanceof Error ? error.message : "unknown"})`);
  }
}

function wrongKey(chain: string, pkcs8: Uint8Array): string | undefined {
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
  return new X509Certificate(chain).checkPrivateKey(key) ? undefined : "it is for another key";
}

function otherKey(publicKeyHash: string, csr: CsrItem): string | undefined {
  return publicKeyHash === csr.publicKeyHash ? undefined : "it is for another key";
}

/** A CA may make the common name one of the names, and leave out URIs and e-mail addresses: cert-manager takes both. */
function wrongNames(names: string[], asked: string[], subject: SubjectFields = {}): string | undefined {
  const missing = asked.filter((name) => !names.includes(name));
  const extra = names.filter((name) => !asked.includes(name) && name !== toALabel(commonNameOf(subject) ?? ""));
  if (missing.length > 0) return `it lacks the name ${missing[0]}`;
  return extra.length > 0 ? `it has the name ${extra[0]}, which nobody asked for` : undefined;
}

function wrongTime(
  leaf: { notBefore: Date; notAfter: Date },
  renews: Issued | undefined,
  now: Date,
): string | undefined {
  if (leaf.notBefore.getTime() > now.getTime() + skewMs) return `it is not valid before ${rfc3339(leaf.notBefore)}`;
  if (leaf.notAfter <= now) return `it expired on ${rfc3339(leaf.notAfter)}`;
  if (renews && leaf.notAfter.getTime() <= renews.notAfter) {
    return `it ends on ${rfc3339(leaf.notAfter)}, not later than the one it renews`;
  }
  return undefined;
}

function wrongChain(chain: string): string | undefined {
  return verifyChain(chain) ? undefined : "its chain is incomplete: a certificate is not signed by the next one";
}

function refused(what: string): RefusedError {
  return new RefusedError({
    reason: "InvalidCertificate",
    message: `the CA's certificate was refused: ${what}`,
    fix: "the stored secret stays; a new attempt asks the CA again",
    endsAttempt: true,
  });
}

import { createPrivateKey, X509Certificate } from "node:crypto";
import type { KubernetesObject } from "./port.ts";
import { mirrorAnnotations, textAt } from "./render.ts";

/** A certificate with its key. */
export interface Leaf {
  certificate: X509Certificate;
  /** SHA-256 of its DER, lower-case hex. */
  fingerprint: string;
}

/** The leaf of a chain, when the key is its own; undefined when either is blank, unreadable or another's. */
export function leafOf(chainPem: string | undefined, keyPem: string | undefined): Leaf | undefined {
  try {
    const certificate = new X509Certificate(chainPem ?? "");
    const fingerprint = certificate.fingerprint256.replaceAll(":", "").toLowerCase();
    return certificate.checkPrivateKey(createPrivateKey(keyPem ?? "")) ? { certificate, fingerprint } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The certificate in a Secret, when it is newer than ours and works: for the same names, by the same issuer or (as its
 * annotations say) a later revision of the same Certificate.
 */
export function newerThere(
  there: KubernetesObject | undefined,
  ours: Leaf & { of: string; revision: number },
  now: Date,
): X509Certificate | undefined {
  const other = there && leafOf(textAt(there, "tls.crt"), textAt(there, "tls.key"))?.certificate;
  const { certificate } = ours;
  if (!other || other.validToDate <= now || other.validFromDate <= certificate.validFromDate) return undefined;
  if (namesOf(other) !== namesOf(certificate)) return undefined;
  const { annotations = {} } = there.metadata;
  const isLaterRevision =
    annotations[mirrorAnnotations.certificate] === ours.of &&
    Number(annotations[mirrorAnnotations.revision]) > ours.revision;
  return other.issuer === certificate.issuer || isLaterRevision ? other : undefined;
}

function namesOf({ subjectAltName, subject }: X509Certificate): string {
  return subjectAltName === undefined ? subject : subjectAltName.split(", ").sort().join(", ");
}

import { createHash, X509Certificate } from "node:crypto";
import { RefusedError } from "../../errors.ts";
import { type PemBlock, pemBlocks } from "./pem-blocks.ts";

/** PEM text, and where it stood: `spec.sources[1] (ConfigMap cert-manager/roots, key ca.crt)`. */
export interface SourceText {
  source: string;
  pem: string;
}

/** A certificate of a bundle. */
export interface Trusted {
  der: Buffer;
  pem: string;
  /** SHA-256 of the DER, hex. */
  hash: string;
  /** Epoch ms. */
  notAfter: number;
}

/** What a bundle holds: in the order of the hashes, each once, none expired. */
export interface Pool {
  certificates: Trusted[];
  counts: { certificates: number; expired: number; duplicate: number; malformed: number };
  /** What was left out because it cannot be read as PEM, each with its source and fault. */
  malformed: string[];
}

const longestLabel = 40;

/**
 * Merges sources as trust-manager does: expired ones dropped, duplicates merged by DER, what is no PEM left out, leaves
 * (non-CA certificates) kept. Throws RefusedError SourceInvalid, naming source and line, for a block that is no certificate, that has
 * headers, or whose DER cannot be read: a private key must not be handed on.
 */
export function poolOf(texts: SourceText[], now: Date): Pool {
  const found = new Map<string, Trusted>();
  const counts = { certificates: 0, expired: 0, duplicate: 0, malformed: 0 };
  const malformed: string[] = [];
  for (const { source, pem } of texts) {
    for (const block of pemBlocks(pem)) {
      const trusted = trustedIn(block, source);
      if (!("hash" in trusted)) malformed.push(trusted.fault);
      else if (trusted.notAfter < now.getTime()) counts.expired += 1;
      else if (found.has(trusted.hash)) counts.duplicate += 1;
      else found.set(trusted.hash, trusted);
    }
  }
  const certificates = [...found.values()].sort((a, b) => (a.hash < b.hash ? -1 : 1));
  return {
    certificates,
    counts: { ...counts, certificates: certificates.length, malformed: malformed.length },
    malformed,
  };
}

/** The PEM text of a bundle. */
export function pemOf({ certificates }: Pick<Pool, "certificates">): string {
  return certificates.map(({ pem }) => pem).join("");
}

function trustedIn(block: PemBlock, source: string): Trusted | { fault: string } {
  const where = `${source}, line ${block.line}`;
  const label = block.label.slice(0, longestLabel);
  if (label !== "CERTIFICATE") throw invalid(`${where}: a block "${label}"; only CERTIFICATE may be in a bundle`);
  if ("broken" in block) return { fault: `${where}: the certificate ${block.broken}` };
  if (block.hasHeaders) throw invalid(`${where}: a certificate with PEM headers, which may hold something private`);
  return readTrusted(block.der, where);
}

function readTrusted(der: Buffer, where: string): Trusted {
  try {
    const certificate = new X509Certificate(der);
    const { raw, validToDate } = certificate;
    const hash = createHash("sha256").update(raw).digest("hex");
    return { der: raw, pem: certificate.toString(), hash, notAfter: validToDate.getTime() };
  } catch {
    throw invalid(`${where}: the block is no X.509 certificate`);
  }
}

function invalid(message: string): RefusedError {
  return new RefusedError({
    reason: "SourceInvalid",
    message,
    fix: "correct that source, or take it out of spec.sources; until then everything stays as it is",
  });
}

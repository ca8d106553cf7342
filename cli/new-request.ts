import { makeCsr } from "../adapters/keys/csr.ts";
import { makePrivateKey } from "../adapters/keys/private-key.ts";
import type { CertificateSpec } from "../core/certificate.ts";
import { certificateRequest } from "../core/certificate-request.ts";
import type { IssuerRow } from "../core/rows.ts";
import { keyPem } from "../core/secret-value.ts";
import { asMap } from "./as-written.ts";

/** A private key that never leaves this computer, and the spec of a CertificateRequest with its CSR. */
export interface NewRequest {
  /** PEM, as spec.privateKey.encoding asks. */
  keyPem: string;
  spec: Record<string, unknown>;
}

/**
 * Makes key and CSR as certwright would for this Certificate at this issuer; undefined: it is not known yet. `written`: the
 * Certificate's spec as somebody wrote it, of which a CertificateRequest keeps what it has fields for.
 */
export async function newRequest(
  spec: CertificateSpec,
  written: unknown,
  issuer: IssuerRow | undefined,
): Promise<NewRequest> {
  const pkcs8 = await makePrivateKey(spec.privateKey);
  const { der } = await makeCsr({ pkcs8, ...certificateRequest(spec, issuer) });
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join("\n")}\n-----END CERTIFICATE REQUEST-----\n`;
  const kept = Object.entries(asMap(written)).filter(([name]) => copied.includes(name));
  const request = { ...Object.fromEntries(kept), request: Buffer.from(pem).toString("base64") };
  return { keyPem: keyPem(pkcs8, spec.privateKey.encoding), spec: request };
}

const copied = ["duration", "issuerRef", "isCA", "usages"];

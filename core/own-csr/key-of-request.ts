import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import type { OwnCsr } from "../certificate.ts";
import { storedName } from "../deps.ts";
import { RefusedError } from "../errors.ts";
import { isMap } from "../field-reader.ts";
import { readJson } from "../json-text.ts";
import { publicKeyHashOf } from "../public-key-hash.ts";
import type { Work } from "../steps/work.ts";
import { keySecretAnnotation } from "./request-spec.ts";

/**
 * The key behind a CertificateRequest of a selfSigned issuer (PKCS#8, DER): tls.key of the stored secret of its namespace that
 * cert-manager's annotation names. Reasons and words are cert-manager's; a secret that is not there yet is waited for.
 */
export async function keyOfRequest(work: Work, request: OwnCsr): Promise<Uint8Array> {
  const { keySecretName: name } = request;
  if (name === undefined) throw missingAnnotation();
  const key = await readKey(work, name);
  if (publicKeyHashOf(createPublicKey(key)) !== request.publicKeyHash) throw otherKey(name);
  return key.export({ type: "pkcs8", format: "der" });
}

/** A Certificate's secret may lie in either store; what a person stored has no claim. */
async function readKey({ deps, key: { namespace } }: Work, name: string): Promise<KeyObject> {
  const claim = await deps.state.secretClaim(namespace, name);
  const store = await deps.store(claim?.store ?? "secretsManager");
  const secret = await store.read(storedName(deps.instance, namespace, name));
  if (!secret) throw waits({ reason: "MissingSecret", message: `Referenced secret ${namespace}/${name} not found` });
  const value = readJson(secret.value);
  const pem = isMap(value) ? value["tls.key"] : undefined;
  try {
    if (typeof pem === "string") return createPrivateKey(pem);
  } catch {
    // The same answer as for no key.
  }
  const message = `Failed to get key "${name}" referenced in annotation "${keySecretAnnotation}"`;
  throw waits({ reason: "ErrorParsingKey", message });
}

function waits(fault: { reason: string; message: string }): RefusedError {
  return new RefusedError({
    ...fault,
    fix: "store a JSON object with tls.key in PEM there; it is tried again by itself",
  });
}

function missingAnnotation(): RefusedError {
  return new RefusedError({
    reason: "MissingAnnotation",
    message: `Annotation "${keySecretAnnotation}" missing or reference empty: secret name missing`,
    fix: "make another CertificateRequest that names the stored secret with its key, or use a ca issuer",
    endsAttempt: true,
  });
}

function otherKey(name: string): RefusedError {
  return new RefusedError({
    reason: "ErrorKeyMatch",
    message: `Error generating certificate template: CSR not signed by referenced private key (secret "${name}")`,
    fix: "make another CertificateRequest with a CSR of that key",
    endsAttempt: true,
  });
}

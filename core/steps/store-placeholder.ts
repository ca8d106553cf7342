import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import type { CertificateSpec } from "../certificate.ts";
import { storedName } from "../deps.ts";
import { signsAtOnce } from "../issuer.ts";
import { withKeystores } from "../keystores.ts";
import type { SecretStore } from "../ports.ts";
import { resourceOf } from "../resource.ts";
import type { EventRow } from "../rows.ts";
import { parseSecretValue, secretValue } from "../secret-value.ts";
import type { Work } from "./work.ts";

/** Reasons for which the secret may hold no certificate that fits its key. */
const withoutCertificate = ["DoesNotExist", "MissingData", "InvalidKeyPair", "InvalidCertificate", "SecretMismatch"];

/**
 * cert-manager's temporary certificate, for who asks for it by annotation: where the secret holds no certificate and key that
 * belong together, a placeholder for the new key stands there until the certificate comes. What signs at once needs none.
 * Best effort: it holds up nothing.
 */
export async function storePlaceholder(work: Work, spec: CertificateSpec, made: MadeRequest): Promise<void> {
  const { deps, key, ref, row, issuer } = work;
  const wanted = spec.options.temporaryCertificate && withoutCertificate.includes(row.reason);
  if (!wanted || signsAtOnce(issuer)) return;
  const tell = (event: Pick<EventRow, "type" | "reason" | "message">) =>
    deps.state.addEvent({ ...event, key, at: deps.clock.now().getTime(), attemptId: ref.attemptId });
  try {
    if (!(await stored(work, spec, made))) return;
    await tell({ type: "Normal", reason: "Issuing", message: "Issued temporary certificate" });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    deps.log({ event: "no-placeholder", certificate: `${ref.namespace}/${ref.name}`, message });
    await tell({ type: "Warning", reason: "TemporaryCertificateFailed", message }).catch(() => undefined);
  }
}

interface MadeRequest {
  pkcs8: Uint8Array;
  /** PKCS#10, DER. */
  csr: Uint8Array;
}

/** Whether a placeholder was written. */
async function stored({ deps, key, ref, row }: Work, spec: CertificateSpec, made: MadeRequest): Promise<boolean> {
  const store = await deps.store(spec.options.store ?? deps.defaultStore);
  const name = storedName(deps.instance, key.namespace, spec.secretName);
  const present = await store.describe(name);
  const foreign = present !== undefined && present.owner === undefined;
  if (foreign || (present && (await holdsPair(store, name)))) return false;
  const now = deps.clock.now().getTime();
  const chainPem = await deps.signers.temporary({
    csr: made.csr,
    isCA: spec.isCA === true,
    usages: spec.usages,
    notBefore: new Date(now),
    notAfter: new Date(now + spec.durationSeconds * 1_000),
    crlDistributionPoints: [],
    ocspServers: [],
    issuingCertificateURLs: [],
  });
  // As cert-manager: no issuer in the annotations tells it from a real one.
  const nobodys = { ...spec, issuerRef: { name: "", kind: "", group: "" } } as unknown as CertificateSpec;
  const content = { spec: nobodys, name: key.name, chainPem, keyPkcs8Der: Buffer.from(made.pkcs8) };
  await store.write({
    name,
    value: secretValue(await withKeystores(deps, key.namespace, content)),
    token: tokenOf(ref.attemptId),
    replaces: present?.deletedAt ? undefined : present?.versionId,
    owner: `${key.namespace}/${resourceOf(key)}`,
    namespace: key.namespace,
    issuer: row.issuer,
  });
  return true;
}

async function holdsPair(store: SecretStore, name: string): Promise<boolean> {
  try {
    const value = parseSecretValue((await store.read(name))?.value ?? "");
    return value !== undefined && new X509Certificate(value.chainPem).checkPrivateKey(createPrivateKey(value.keyPem));
  } catch {
    return false;
  }
}

/** A UUID that is the same for each repeat, and is not the attempt's own: that one is for the certificate. */
function tokenOf(attemptId: string): string {
  const hex = createHash("sha256").update(`placeholder ${attemptId}`).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}

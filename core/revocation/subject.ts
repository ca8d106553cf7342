import { keyOf } from "../attempt-ref.ts";
import { certificatesOf } from "../certificate-identity.ts";
import type { Deps } from "../deps.ts";
import { idOf } from "../resource.ts";
import type { AttemptRef, CertificateRow } from "../rows.ts";
import type { RevocationRow } from "./state.ts";

/** What is to be revoked, with all that was looked up for it. */
export interface Subject {
  row: RevocationRow;
  /** DER. */
  leaf: Uint8Array;
  fingerprint: string;
  publicKeyHash: string;
  /** idOf() of the issuer that made it. */
  issuer: string;
  /** The Certificate as State knows it, unless it is gone. */
  certificate: CertificateRow | undefined;
}

/** Undefined: State has forgotten what the attempt made. */
export async function subjectOf({ state }: Deps, row: RevocationRow): Promise<Subject | undefined> {
  const [chain, csrs, certificate] = await Promise.all([
    state.chain(row.ref),
    state.csrs([row.ref]),
    state.certificate(keyOf(row.ref)),
  ]);
  const csr = csrs.get(row.ref.attemptId);
  const [leaf] = chain ? certificatesOf(chain.chain) : [];
  if (!leaf || !csr) return undefined;
  return {
    row,
    leaf: leaf.raw,
    fingerprint: leaf.fingerprint256.replaceAll(":", "").toLowerCase(),
    publicKeyHash: csr.publicKeyHash,
    issuer: csr.asked.issuer,
    certificate: certificate?.deletedAt === undefined ? certificate : undefined,
  };
}

/** Best effort: the row is the truth. */
export async function tell(
  deps: Deps,
  ref: AttemptRef,
  { reason, message }: { reason: string; message: string },
): Promise<void> {
  const key = keyOf(ref);
  const event = { key, at: deps.clock.now().getTime(), type: "Warning", reason, message } as const;
  await deps.state
    .addEvent(event)
    .catch((error) => deps.log({ event: "untold", certificate: idOf(key), error: String(error) }));
}

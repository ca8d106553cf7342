import type { CertificateSpec } from "../certificate.ts";
import type { Deps } from "../deps.ts";
import type { AcmeIssuer } from "../ports.ts";
import { parseCertificate } from "../request.ts";
import type { Resource, ResourceKey } from "../resource.ts";
import type { AttemptRef, AttemptRow, CertificateRow, IssuerRow, LeaseId } from "../rows.ts";
import type { Step } from "../status.ts";

/** One attempt in the hands of one step. */
export interface Work {
  deps: Deps;
  ref: AttemptRef;
  key: ResourceKey;
  leaseId: LeaseId;
  issuer: IssuerRow;
  /** A draft: what the step changes is written when it ends, also when it fails. */
  row: AttemptRow;
  /** True when an earlier invocation of this step has been here (row.step was this step). */
  again: boolean;
  /** True when the attempt had an order before this step. */
  hadOrder: boolean;
  /** Rounds of waiting in this step so far. */
  round: number;
  acme: AcmeSession;
  /** Writes the draft now, before an effect that must not be lost. */
  save(): Promise<void>;
}

/** The CA's client: one for all attempts of an invocation, with the nonces they carry. */
export interface AcmeSession {
  open(): Promise<AcmeIssuer>;
  /** Set once somebody opened it. */
  opened: AcmeIssuer | undefined;
}

/** Another execution holds the attempt, or it ended: stop, touch nothing. */
export class LeaseLost extends Error {}

/** An edit or a deletion overtook the attempt. */
export class Superseded extends Error {}

export function keyOf(ref: AttemptRef): ResourceKey {
  return { namespace: ref.namespace, kind: "Certificate", name: ref.name };
}

/** The request as it is now, if it still is the one this attempt is for. */
export async function currentRequest(work: Work): Promise<Resource<CertificateSpec>> {
  const stored = await work.deps.requests.get(work.key);
  if (!stored) throw new Superseded("the request was deleted");
  const parsed = parseCertificate(stored);
  if (!parsed.ok || parsed.resource.specHash !== work.row.specHash) throw new Superseded("the request changed");
  return parsed.resource;
}

/** How often a lost race for the certificate's row is repeated. */
const races = 5;

/**
 * Changes the certificate's row while this lease holds. Undefined: the lease is gone, nothing was written.
 */
export async function changeCertificate(
  deps: Deps,
  { ref, leaseId }: Pick<Work, "ref" | "leaseId">,
  change: (row: CertificateRow) => CertificateRow,
): Promise<CertificateRow | undefined> {
  for (let race = 0; race < races; race += 1) {
    const row = await deps.state.certificate(keyOf(ref));
    if (row?.attempt?.id !== ref.attemptId || row.attempt.leaseId !== leaseId) return undefined;
    const next = change(row);
    if ((await deps.state.putCertificate(next)) === "saved") return next;
  }
  return undefined;
}

/** Makes the lease end not before `until`. */
export async function extendLease(work: Pick<Work, "deps" | "ref" | "leaseId">, until: number): Promise<void> {
  const row = await changeCertificate(work.deps, work, (one) => ({ ...one, dueAt: Math.max(one.dueAt ?? 0, until) }));
  if (!row) throw new LeaseLost();
}

export function newWork(
  deps: Deps,
  step: Step,
  row: AttemptRow,
  shared: Pick<Work, "leaseId" | "issuer" | "acme" | "round">,
): Work {
  const draft = structuredClone(row);
  return {
    deps,
    ref: row.ref,
    key: keyOf(row.ref),
    ...shared,
    row: draft,
    again: row.step === step,
    hadOrder: row.orderUrl !== undefined,
    save: async () => {
      if ((await deps.state.putAttempt(draft)) === "conflict") throw new LeaseLost();
    },
  };
}

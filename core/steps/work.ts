import type { AcmeIssuer } from "../acme-port.ts";
import { keyOf } from "../attempt-ref.ts";
import type { CertificateSpec } from "../certificate.ts";
import type { Deps } from "../deps.ts";
import { parseCertificate } from "../request.ts";
import type { Resource, ResourceKey } from "../resource.ts";
import type { AttemptRef, AttemptRow, CertificateRow, IssuerRow, LeaseId } from "../rows.ts";
import type { Step } from "../status.ts";
import type { BatchReads } from "./batch-reads.ts";

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
  /** True when Step Functions repeats the task. */
  repeated?: boolean;
  /** True when its execution has no other attempt. */
  alone: boolean;
  /** Rounds of waiting in this step so far. */
  round: number;
  acme: AcmeSession;
  /** One read for the whole batch. */
  reads: BatchReads;
  /** Keys of buckets whose token goes back when the invocation ends. */
  freed: string[];
  /** Writes the draft if it has changed: before an effect that must not be lost, and when the step ends. */
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

/** The request as it is now, if it still is the one this attempt is for. */
export async function currentRequest(work: Work): Promise<Resource<CertificateSpec>> {
  const stored = await work.reads.request(work.key);
  if (!stored) throw new Superseded("the request was deleted");
  const parsed = parseCertificate(stored);
  if (!parsed.ok || parsed.resource.specHash !== work.row.specHash) throw new Superseded("the request changed");
  return parsed.resource;
}

/** How often a lost race for the certificate's row is repeated. */
const races = 5;

/**
 * Changes the certificate's row while this lease holds. Undefined: the lease is gone, nothing was written. `known`: the row
 * as it was read a moment ago; the write is conditional on its version.
 */
export async function changeCertificate(
  deps: Deps,
  { ref, leaseId }: Pick<Work, "ref" | "leaseId">,
  change: (row: CertificateRow) => CertificateRow,
  known?: CertificateRow,
): Promise<CertificateRow | undefined> {
  for (let race = 0; race < races; race += 1) {
    const row = race === 0 && known ? known : await deps.state.certificate(keyOf(ref));
    if (row?.attempt?.id !== ref.attemptId || row.attempt.leaseId !== leaseId) return undefined;
    const next = change(row);
    if ((await deps.state.putCertificate(next)) === "saved") return next;
  }
  return undefined;
}

/** Makes the lease end not before `until`. */
export async function extendLease(
  work: Pick<Work, "deps" | "ref" | "leaseId">,
  until: number,
  known?: CertificateRow,
): Promise<void> {
  const later = (row: CertificateRow) => ({ ...row, dueAt: Math.max(row.dueAt ?? 0, until) });
  if (!(await changeCertificate(work.deps, work, later, known))) throw new LeaseLost();
}

export function newWork(
  deps: Deps,
  step: Step,
  row: AttemptRow,
  shared: Pick<Work, "leaseId" | "issuer" | "acme" | "alone" | "round" | "reads" | "repeated">,
): Work {
  const draft = structuredClone(row);
  let written = JSON.stringify(row);
  return {
    freed: [],
    deps,
    ref: row.ref,
    key: keyOf(row.ref),
    ...shared,
    row: draft,
    again: row.step === step,
    hadOrder: row.orderUrl !== undefined,
    save: async () => {
      const text = JSON.stringify(draft);
      if (text === written) return;
      if ((await deps.state.putAttempt(draft)) === "conflict") throw new LeaseLost();
      written = text;
    },
  };
}

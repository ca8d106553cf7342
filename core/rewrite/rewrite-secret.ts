import type { CertificateSpec } from "../certificate.ts";
import { concurrently } from "../concurrently.ts";
import { contentHash } from "../content-hash.ts";
import type { Deps } from "../deps.ts";
import { classOf } from "../errors.ts";
import { parseCertificate } from "../request.ts";
import { idOf, type Resource, type ResourceKey } from "../resource.ts";
import type { CertificateRow, Issued } from "../rows.ts";
import { templateNames } from "../secret-template.ts";
import { settled } from "../settled.ts";
import { tellWindowError } from "../window-error.ts";
import { failedRewrite } from "./failed.ts";
import { putRight, type Right } from "./put-right.ts";

/** What became of one key. */
export interface Rewritten {
  key: ResourceKey;
  did: "rewrote" | "looked" | "handed back" | "failed" | "nothing";
  reason?: string;
}

/** A certificate whose secret is to be looked at: as State knows it, and as its request has it. */
export interface RewriteWork {
  deps: Deps;
  row: CertificateRow;
  issued: Issued;
  certificate: Resource<CertificateSpec>;
}

const concurrency = 5;
const againMs = 60_000;

/**
 * Makes stored secrets hold what their specs want around the certificate that is there. Each key by itself: its failure becomes
 * its row. Repeating it is harmless, and whoever dies is repeated when the row's lease ends.
 */
export function rewriteSecrets(deps: Deps, keys: ResourceKey[]): Promise<Rewritten[]> {
  return concurrently(concurrency, keys, (key) => rewriteSecret(deps, key));
}

async function rewriteSecret(deps: Deps, key: ResourceKey): Promise<Rewritten> {
  try {
    const work = await workFor(deps, key);
    if (!work) return { key, did: "nothing" };
    return await putRight(work).then(
      (right) => settle(work, right),
      (error: unknown) => fail(work, error),
    );
  } catch (error) {
    // State is away: the lease in the row ends, and it is done again.
    deps.log({ event: "rewrite-failed", certificate: idOf(key), errorClass: classOf(error), error: String(error) });
    return { key, did: "failed" };
  }
}

async function settle(work: RewriteWork, right: Right): Promise<Rewritten> {
  const { key } = work.row;
  const { row, windowError } = nextRow(work, right);
  await save(work, row, right.is !== "right");
  await tellWindowError(work.deps, key, windowError);
  if (right.is === "gone") return { key, did: "handed back" };
  const why = right.why ? { reason: right.why.reason } : {};
  return { key, did: right.is === "right" ? right.did : "handed back", ...why };
}

async function fail(work: RewriteWork, error: unknown): Promise<Rewritten> {
  const { row, reason } = await failedRewrite(work, error);
  await save(work, row, false);
  return { key: row.key, did: "failed", reason };
}

/** Undefined when dispatch has to decide first: an edit, a deletion, an attempt in hand. */
async function workFor(deps: Deps, key: ResourceKey): Promise<RewriteWork | undefined> {
  const [row, stored] = await Promise.all([deps.state.certificate(key), deps.requests.get(key)]);
  const parsed = stored && parseCertificate(stored);
  if (!parsed?.ok || !row?.issued || row.deletedAt !== undefined || row.attempt) return undefined;
  const { spec, specHash } = parsed.resource;
  const isThere =
    row.issued.secretName === spec.secretName && [undefined, row.issued.store].includes(spec.options.store);
  if (row.specHash !== specHash || !isThere) return undefined;
  return { deps, row, issued: row.issued, certificate: parsed.resource };
}

function nextRow({ deps, row, issued, certificate }: RewriteWork, right: Right): ReturnType<typeof settled> {
  const now = deps.clock.now();
  const { rewrite: _rewrite, drift: _drift, ...rest } = row;
  if (right.is === "wrong") return { row: { ...rest, drift: right.drift, dueAt: now.getTime() } };
  // Dispatch looks by itself; should it see a secret all the same, it does not come back at once.
  const again = now.getTime() + againMs;
  if (right.is === "gone") return { row: { ...row, rewrite: { until: again }, dueAt: again } };
  const { contentHash: _hash, foreign: _foreign, template: _template, ...kept } = issued;
  const hash = contentHash(certificate.spec);
  const template = templateNames(certificate.spec.secretTemplate);
  const next: Issued = {
    ...kept,
    ...right.written,
    ...(hash === undefined ? {} : { contentHash: hash }),
    ...(template === undefined ? {} : { template }),
    ...(right.foreign ? { foreign: true } : {}),
  };
  return settled({ ...rest, issued: next }, certificate.spec, undefined, deps);
}

/** Who wrote the row meanwhile knows less of the secret than we: then dispatch looks at both again. */
async function save({ deps, row: { key } }: RewriteWork, row: CertificateRow, handBack: boolean): Promise<void> {
  const saved = await deps.state.putCertificate(row);
  if (saved === "saved" && !handBack) return;
  await deps.starter.dispatch([key]);
}

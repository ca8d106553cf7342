import type { CertificateSpec } from "../certificate.ts";
import { concurrently } from "../concurrently.ts";
import type { Decision } from "../decide.ts";
import type { Deps } from "../deps.ts";
import type { Facts } from "../facts.ts";
import type { CertificateRow, Issued } from "../rows.ts";
import { templateNames } from "../secret-template.ts";
import { atGeneration, readyByCertificate, withOptions } from "../transitions.ts";
import { abandon } from "./abandon.ts";
import type { Verdict } from "./dispatch.ts";

export interface Rewrite {
  facts: Facts;
  decision: Extract<Decision, { action: "rewrite" }>;
}

/** After so long it is decided again: a call that was lost, or a function that died. */
const leaseMs = 2 * 60_000;
const concurrency = 10;

/**
 * Notes in the rows that their secrets are being rewritten, then has it done, in one call for all. No attempt, no token: the
 * certificate stays. Rows that changed under us are missing in the answer.
 */
export async function startRewrites(deps: Deps, rewrites: Rewrite[]): Promise<Verdict[]> {
  const noted = await concurrently(concurrency, rewrites, async ({ facts, decision }) => {
    const row = rewriting(facts);
    if (!row || (await deps.state.putCertificate(row)) === "conflict") return undefined;
    if (facts.row?.attempt) await abandon(deps, facts.row, "the request changed");
    return { key: facts.key, action: decision.action, reason: decision.reason };
  });
  const begun = noted.flatMap((verdict) => verdict ?? []);
  if (begun.length === 0) return [];
  try {
    await deps.starter.rewriteSecrets(begun.map(({ key }) => key));
    return begun;
  } catch (error) {
    return begun.map((verdict) => ({ ...verdict, error }));
  }
}

/** The names of both templates are known before the new one is in the secret: who dies after that write loses none. */
function withTemplate(issued: Issued, { secretTemplate }: CertificateSpec): Issued {
  const template = templateNames(secretTemplate, issued.template);
  return { ...issued, ...(template === undefined ? {} : { template }) };
}

function rewriting({ key, row, request, now }: Facts): CertificateRow | undefined {
  if (!request?.ok || !row) return undefined;
  const { resource } = request;
  const {
    attempt: _,
    waitsForIssuer: _waits,
    ...base
  } = withOptions(atGeneration(key, row, resource.specHash, now), resource);
  const until = now.getTime() + leaseMs;
  const failures = row.specHash === resource.specHash ? row.rewrite?.failures : undefined;
  return {
    ...base,
    ...(row.issued ? { issued: withTemplate(row.issued, resource.spec) } : {}),
    ready: readyByCertificate(base, now),
    rewrite: { until, ...(failures === undefined ? {} : { failures }) },
    dueAt: until,
    // Whose certificate is not renewed is not in the lane of renewals.
    lane: row.issued?.renewalTime === undefined ? "new" : "renew",
  };
}

import { issuerKeyOf } from "../asked-for.ts";
import { backoff } from "../backoff.ts";
import type { CertificateSpec } from "../certificate.ts";
import type { Decision } from "../decide.ts";
import type { Deps } from "../deps.ts";
import type { Facts } from "../facts.ts";
import { accepted, refusedRequest, unchangedRequest } from "../own-csr/request-row.ts";
import { tellRequest } from "../own-csr/tell-request.ts";
import { idOf, type Resource } from "../resource.ts";
import { askToRevoke } from "../revocation/ask.ts";
import type { CertificateRow } from "../rows.ts";
import { settled } from "../settled.ts";
import { atGeneration, refused, waiting, withOptions } from "../transitions.ts";
import { tellWindowError } from "../window-error.ts";
import { abandon } from "./abandon.ts";
import type { Verdict } from "./dispatch.ts";
import { forget } from "./forget.ts";

/** Does what was decided, unless it is an issuance (start.ts) or a rewrite (rewrite.ts). Undefined: the row changed under us, decide anew. */
export async function act(
  deps: Deps,
  facts: Facts,
  decision: Exclude<Decision, { action: "issue" | "rewrite" }>,
): Promise<Verdict | undefined> {
  const verdict = {
    key: facts.key,
    action: decision.action,
    reason: "reason" in decision ? decision.reason : "Deleted",
  };
  if (decision.action === "revoke") {
    await askToRevoke(deps, facts, decision.wish);
    return undefined;
  }
  if (decision.action === "forget") return (await forget(deps, facts)) ? verdict : undefined;
  const { row, windowError } = nextRow(deps, facts, decision);
  if (!row) return verdict;
  const old = facts.row?.attempt && !row.attempt ? facts.row : undefined;
  if ((await deps.state.putCertificate(row)) === "conflict") return undefined;
  if (old) await abandon(deps, old, "the request changed");
  await tellWindowError(deps, facts.key, windowError);
  await tellRequest(deps, facts.row, row);
  if (decision.action === "wait" && decision.waitsForIssuer && (await issuerCame(deps, facts))) return undefined;
  return verdict;
}

/** Somebody else is at work, or the row has its instant: it stays as it is. */
const underWay = ["InProgress", "BackingOff", "Rewriting"];

/** The row to write, or undefined when the one that is there says it already. */
interface Next {
  row?: CertificateRow | undefined;
  /** To be told once the row is written. */
  windowError?: string | undefined;
}

function nextRow(
  deps: Deps,
  facts: Facts,
  decision: Exclude<Decision, { action: "issue" | "rewrite" | "forget" | "revoke" }>,
): Next {
  const { now, request } = facts;
  if (!request || underWay.includes(decision.reason)) return {};
  const specHash = request.ok ? request.resource.specHash : request.specHash;
  const base = atGeneration(facts.key, facts.row, specHash, now);
  const issuer = request.ok ? { issuer: idOf(issuerKeyOf(request.resource)) } : {};
  const row = { ...base, ...issuer };
  const known = request.ok ? request.resource : undefined;
  switch (decision.action) {
    case "refuse":
      return { row: same(facts.row, refusedRow(row, decision, known, now)) };
    case "wait": {
      const until = decision.until === "backoff" ? patience(deps, facts) : decision.until;
      return { row: waiting(known ? accepted(row, known, now) : row, { ...decision, until }, now) };
    }
    case "nothing": {
      if (!request.ok) return {};
      if (row.own) return { row: same(facts.row, unchangedRequest(row)) };
      const next = settled(withOptions(row, request.resource), request.resource.spec, facts.issuer, deps);
      return { ...next, row: same(facts.row, next.row) };
    }
  }
}

function refusedRow(
  row: CertificateRow,
  why: Extract<Decision, { action: "refuse" }>,
  request: Resource<CertificateSpec> | undefined,
  now: Date,
): CertificateRow {
  if (row.key.kind === "CertificateRequest") return refusedRequest(row, why, request, now);
  return refused(row, why.reason, why.message, now);
}

/** Twice the time it has waited, at least a minute, at most six hours. */
function patience(deps: Deps, { row, now }: Facts): Date {
  const since = row?.waitsForIssuer
    ? Date.parse(row.issuing?.lastTransitionTime ?? row.ready.lastTransitionTime)
    : now.getTime();
  const waited = (now.getTime() - since) / 60_000;
  const failures = 1 + [1, 10, 60, 240].filter((minutes) => waited >= minutes).length;
  return backoff({ failures, now, notAfter: row?.issued?.notAfter, fraction: deps.chance.fraction() });
}

/** The issuer may have become ready, or another, between our look and our note that we wait for it: then nobody would wake us. */
async function issuerCame(deps: Deps, facts: Facts): Promise<boolean> {
  if (!facts.request?.ok) return false;
  const issuer = await deps.state.issuer(issuerKeyOf(facts.request.resource));
  if (issuer?.version === facts.issuer?.version) return false;
  return issuer !== undefined && issuer.deletedAt === undefined && issuer.ready.status === "True";
}

function same(before: CertificateRow | undefined, after: CertificateRow): CertificateRow | undefined {
  return before && JSON.stringify(sorted(before)) === JSON.stringify(sorted(after)) ? undefined : after;
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, one]) => [name, sorted(one)]));
}

import { registeredAccount } from "./acme-account.ts";
import { profileMissing } from "./acme-profiles.ts";
import { backoff } from "./backoff.ts";
import { type CaAuthority, nextLook, verifyAuthority } from "./ca-authority.ts";
import { concurrently } from "./concurrently.ts";
import type { Deps } from "./deps.ts";
import { classOf, isNamed, RateLimitedError } from "./errors.ts";
import { acmeOf, type IssuerSpec } from "./issuer.ts";
import { atGeneration, readyCondition } from "./object-row.ts";
import type { StoredRequest } from "./ports.ts";
import { parseIssuer } from "./request.ts";
import { idOf, type Resource, type ResourceKey } from "./resource.ts";
import { rotateCa } from "./rotate-ca.ts";
import type { IssuerRow } from "./rows.ts";
import type { Condition } from "./status.ts";

/** A ready issuer is looked at again so often: its directory may move, its account may be gone. */
const recheckMs = 24 * 3_600_000;
/** When a rotation that somebody left unfinished is gone on with. */
const rotatingMs = 60_000;
const tombstoneDays = 30;

/** How often a check begins anew when another one, which may have seen an older spec or secret, was faster. */
const rounds = 4;

interface Checked {
  ready: boolean;
  reason: string;
  woken: number;
}

/**
 * Makes an Issuer or ClusterIssuer ready: account key, account at the CA, cached directory; or the pair of a CA of ours. Then the Certificates that wait
 * for it are set due and the sweep is started, so that they go on within seconds.
 */
export async function checkIssuer(deps: Deps, key: ResourceKey): Promise<Checked> {
  for (let round = 0; round < rounds; round += 1) {
    const checked = await checkOnce(deps, key);
    if (checked) return checked;
  }
  deps.log({ event: "contended", issuer: idOf(key) });
  return { ready: false, reason: "Contended", woken: 0 };
}

/** Undefined: the row changed under us. */
async function checkOnce(deps: Deps, key: ResourceKey): Promise<Checked | undefined> {
  const [stored, before] = await Promise.all([deps.requests.get(key), deps.state.issuer(key)]);
  const row = stored ? await checkedRow(deps, stored, before) : forgotten(deps, before);
  if (row && (await deps.state.putIssuer(row)) === "conflict") return undefined;
  if (!row || row.deletedAt !== undefined) return { ready: false, reason: "Deleted", woken: 0 };
  const { status, reason } = row.ready;
  // Who waits is told of a new reason too: "not found" is wrong once it is there.
  const woken = status === "True" || reason !== before?.ready.reason ? await wake(deps, key) : 0;
  const rotated = row.ca?.rotating === undefined ? 0 : await rotate(deps, row, row.ca);
  return { ready: status === "True", reason, woken: woken + rotated };
}

/**
 * The row says that it is rotating before the first Certificate is set due, and until all are: a death in between is made good
 * by the next check, which is due soon.
 */
async function rotate(deps: Deps, row: IssuerRow, { rotating = 0, ...ca }: CaAuthority): Promise<number> {
  const { woken, busy } = await rotateCa(deps, row.key, { ...ca, rotating });
  if (woken > 0) await deps.starter.sweep();
  const now = deps.clock.now().getTime();
  const next = busy > 0 ? { ...row, dueAt: now + rotatingMs } : { ...row, ca, dueAt: nextLook(ca, now) };
  await deps.state.putIssuer({ ...next, version: row.version + 1 });
  return woken;
}

async function checkedRow(deps: Deps, stored: StoredRequest, before: IssuerRow | undefined): Promise<IssuerRow> {
  const parsed = parseIssuer(stored, deps.dnsAdapters);
  const base = atGeneration(stored.key, before, parsed.ok ? parsed.resource.specHash : parsed.specHash);
  if (parsed.ok) return verified(deps, parsed.resource, base);
  const message = parsed.faults.map(({ path, message: text, fix }) => `${path}: ${text}; ${fix}`).join(". ");
  return { ...withoutDue(base), ready: ready(base, "False", "InvalidConfig", message, deps.clock.now()) };
}

async function verified(deps: Deps, issuer: Resource<IssuerSpec>, base: IssuerRow): Promise<IssuerRow> {
  const now = deps.clock.now();
  const accepted = ofItsType({ ...base, spec: issuer.spec, annotations: issuer.annotations }, issuer.spec);
  try {
    return issuer.spec.acme ? await withAccount(deps, issuer, accepted) : await withoutAccount(deps, issuer, accepted);
  } catch (error) {
    return notVerified(deps, accepted, error, now);
  }
}

/** What was learnt of an issuer of another type is forgotten. */
function ofItsType({ acme, ca, ...row }: IssuerRow, spec: IssuerSpec): IssuerRow {
  return { ...row, ...(spec.acme && acme ? { acme } : {}), ...(spec.ca && ca ? { ca } : {}) };
}

async function withAccount(deps: Deps, issuer: Resource<IssuerSpec>, row: IssuerRow): Promise<IssuerRow> {
  const now = deps.clock.now();
  const { account, closed, notRotated } = await registeredAccount(deps, issuer, row.acme);
  const stands = { ...row, acme: account };
  const { profile } = acmeOf(issuer);
  const unusable = closed ?? (profile === undefined ? undefined : profileMissing(account.directory, profile));
  if (unusable) return notVerified(deps, stands, unusable, now);
  const message = "The ACME account was registered with the ACME server";
  if (notRotated !== undefined) return withOldKey(deps, stands, `${message}; its key was not changed`, notRotated);
  const { failedChecks: _, ...rest } = stands;
  return {
    ...rest,
    ready: ready(row, "True", "ACMEAccountRegistered", message, now),
    dueAt: now.getTime() + recheckMs,
    lane: "renew",
  };
}

/** Reasons and messages are cert-manager's. A selfSigned issuer has nothing that could change. */
async function withoutAccount(deps: Deps, issuer: Resource<IssuerSpec>, row: IssuerRow): Promise<IssuerRow> {
  const now = deps.clock.now();
  const { failedChecks: _, ...rest } = row;
  const { ca: spec } = issuer.spec;
  if (!spec) {
    return { ...rest, ready: ready(row, "True", "IsReady", "", now), dueAt: now.getTime() + recheckMs, lane: "renew" };
  }
  const { ca, message, dueAt } = await verifyAuthority(deps, issuer.key, spec.secretName, row.ca);
  const soon = ca.rotating === undefined ? dueAt : now.getTime() + rotatingMs;
  return { ...rest, ca, ready: ready(row, "True", "KeyPairVerified", message, now), dueAt: soon, lane: "renew" };
}

/** The account works with the key that it has; the change that somebody asked for is tried again. */
async function withOldKey(deps: Deps, row: IssuerRow, message: string, error: unknown): Promise<IssuerRow> {
  const now = deps.clock.now();
  const failed = notVerified(deps, row, error, now);
  const why = textOf(error);
  const event = { type: "Warning", reason: "AccountKeyNotRotated", message: why } as const;
  await deps.state
    .addEvent({ key: row.key, at: now.getTime(), ...event })
    .catch((untold) => deps.log({ event: "untold", issuer: idOf(row.key), error: String(untold) }));
  return { ...failed, ready: ready(row, "True", "ACMEAccountRegistered", `${message}: ${why}`, now) };
}

/** A CA that is away for a moment does not make an account unusable that was ready with this spec. It may name the instant to come back. */
function notVerified(deps: Deps, row: IssuerRow, error: unknown, now: Date): IssuerRow {
  const named = error instanceof RateLimitedError ? error.retryAt : undefined;
  const failedChecks = (row.failedChecks ?? 0) + (named ? 0 : 1);
  const errorClass = classOf(error);
  if (errorClass === "Bug")
    deps.log({ event: "bug", issuer: idOf(row.key), error: String(error), stack: (error as Error).stack });
  const passing = errorClass === "UnavailableError" || errorClass === "RateLimitedError";
  const stays = passing && row.ready.status === "True" && row.ready.observedGeneration === row.generation;
  const message = textOf(error);
  const unnamed = (row.spec as IssuerSpec).ca ? "ErrGetKeyPair" : "ErrRegisterACMEAccount";
  const reason = isNamed(error) && errorClass === "RefusedError" ? error.reason : unnamed;
  const next = named ?? backoff({ failures: failedChecks, now, fraction: deps.chance.fraction() });
  return {
    ...row,
    failedChecks,
    ready: stays ? row.ready : ready(row, "False", reason, message, now),
    dueAt: next.getTime(),
    lane: "new",
  };
}

/** What happened, and the fix. */
function textOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return isNamed(error) && error.fix ? `${text.replace(/\.$/, "")}; ${error.fix}` : text;
}

async function wake(deps: Deps, issuer: ResourceKey): Promise<number> {
  let woken = 0;
  for await (const keys of deps.state.waitingFor(issuer)) {
    const set = await concurrently(10, keys, async (key) => {
      const row = await deps.state.certificate(key);
      if (!row?.waitsForIssuer) return false;
      return (await deps.state.putCertificate({ ...row, dueAt: deps.clock.now().getTime() })) === "saved";
    });
    woken += set.filter(Boolean).length;
  }
  if (woken > 0) await deps.starter.sweep();
  return woken;
}

/** Undefined when there is nothing to forget. */
function forgotten(deps: Deps, row: IssuerRow | undefined): IssuerRow | undefined {
  if (!row || row.deletedAt !== undefined) return undefined;
  const now = deps.clock.now();
  const { spec: _, ...rest } = withoutDue(row);
  const expiresAt = Math.floor(now.getTime() / 1_000) + tombstoneDays * 86_400;
  const gone = ready(row, "False", "Deleted", "the request was deleted", now);
  return { ...rest, ready: gone, deletedAt: now.getTime(), expiresAt };
}

function withoutDue(row: IssuerRow): IssuerRow {
  const { dueAt: _due, lane: _lane, ...rest } = row;
  return rest;
}

function ready(row: IssuerRow, status: Condition["status"], reason: string, message: string, now: Date): Condition {
  return readyCondition(row, { status, reason, message }, now);
}

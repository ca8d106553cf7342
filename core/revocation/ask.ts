import type { Deps } from "../deps.ts";
import type { Facts } from "../facts.ts";
import { type AttemptRef, type CertificateRow, rowSchema } from "../rows.ts";
import type { RevocationRow } from "./state.ts";
import type { RevocationWish } from "./wish.ts";

/** What a lost call of the function costs. */
const firstLookMs = 60_000;

/**
 * Notes the wish to revoke what a Certificate holds now, and starts revoke-certificate. First the revocation, then the mark that
 * the wish was acted on: a death in between notes it again, a death afterwards leaves it to the sweep. False: decide anew.
 */
export async function askToRevoke(deps: Deps, { key, row, now }: Facts, wish: RevocationWish): Promise<boolean> {
  if (!row) return true;
  const subject = row.issued && { namespace: key.namespace, name: key.name, attemptId: row.issued.attemptId };
  const ref = subject && (await isMeant(deps, subject, wish)) ? subject : undefined;
  if (ref && (await noteRevocation(deps, ref, wish, now)) === "conflict") return false;
  const marked: CertificateRow = { ...row, revokeRequestedAt: wish.at };
  if ((await deps.state.putCertificate(marked)) === "conflict") return false;
  if (ref) await deps.starter.revoke(ref);
  else await tellNothing(deps, { key, now });
  return true;
}

/** Notes a revocation, unless one is noted that says as much: a leaked key says more than any other reason. */
export async function noteRevocation(
  deps: Pick<Deps, "state">,
  ref: AttemptRef,
  wish: RevocationWish & { sharedWith?: string; revokedAt?: string },
  now: Date,
): Promise<"saved" | "conflict" | "noted"> {
  const known = await deps.state.revocation(ref);
  if (known && (known.reason === "keyCompromise" || wish.reason !== "keyCompromise")) return "noted";
  const row: RevocationRow = {
    ref,
    schema: rowSchema,
    version: known?.version ?? 0,
    requestedAt: wish.at,
    reason: wish.reason,
    ...(wish.with === undefined ? {} : { with: wish.with }),
    ...(wish.sharedWith === undefined ? {} : { sharedWith: wish.sharedWith }),
    ...(wish.revokedAt === undefined ? {} : { revokedAt: wish.revokedAt }),
    dueAt: now.getTime() + firstLookMs,
  };
  return deps.state.putRevocation(row);
}

/** A wish that is older than the certificate was about another one: an old manifest, applied again, revokes nothing. */
async function isMeant(deps: Deps, ref: AttemptRef, wish: RevocationWish): Promise<boolean> {
  const attempt = (await deps.state.attempts([ref])).get(ref.attemptId);
  return attempt === undefined || attempt.startedAt <= Date.parse(wish.at);
}

async function tellNothing(deps: Deps, { key, now }: Pick<Facts, "key" | "now">): Promise<void> {
  const message = "nothing was revoked: there is no certificate, or it is younger than the wish";
  const event = { key, at: now.getTime(), type: "Warning", reason: "NothingToRevoke", message } as const;
  await deps.state.addEvent(event);
}

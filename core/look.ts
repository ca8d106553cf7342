import type { Deps } from "./deps.ts";
import { nextLook } from "./renewal.ts";
import { idOf } from "./resource.ts";
import type { CertificateRow, EventRow, Issued } from "./rows.ts";
import { readyByCertificate } from "./transitions.ts";

/** A row that holds a certificate. */
export type Working = CertificateRow & { issued: Issued };

/** What was learnt of a working certificate, and what is news in it. */
export interface Look {
  /** The row with it; must keep all that it does not speak of. */
  change(row: Working): Working;
  events: Pick<EventRow, "type" | "reason" | "message">[];
}

/** How often a lost race for a row is repeated. */
const races = 3;

/** Whether the row waits for this look and nothing else: at its CA, or to say that it has ended (core/renewal.ts nextLook). */
export function isLooked(row: CertificateRow, now: number): row is Working {
  const { issued, ari, crl, dueAt, lane, deletedAt } = row;
  const isDue = dueAt !== undefined && dueAt <= now && deletedAt === undefined;
  if (!isDue || lane !== "new" || issued === undefined) return false;
  return dueAt === ari?.nextCheckAt || dueAt === crl?.nextCheckAt || dueAt === issued.notAfter;
}

/**
 * Writes what was learnt and the instant of the next look, in one write, as long as the row still waits for this look at this
 * certificate; then tells the news. Who dies before the write looks again.
 */
export async function noteLook(deps: Deps, seen: Working, look: Look): Promise<void> {
  const asked = seen.dueAt ?? 0;
  let row: CertificateRow | undefined = seen;
  for (let race = 0; race < races; race += 1) {
    if (!row || !isLooked(row, asked) || row.issued.fingerprint !== seen.issued.fingerprint) return;
    if ((await deps.state.putCertificate(looked(look.change(row), deps.clock.now()))) === "saved")
      return tell(deps, seen, look);
    row = await deps.state.certificate(seen.key);
  }
}

/**
 * Ready follows the clock: a certificate that is not renewed by itself is looked at when it ends. What was seen revoked is decided
 * on at once.
 */
function looked(row: Working, now: Date): CertificateRow {
  const { dueAt: _due, lane: _lane, ...rest } = row;
  const isRevoked = row.revoked?.fingerprint === row.issued.fingerprint;
  const due = isRevoked ? { dueAt: now.getTime(), lane: "renew" as const } : nextLook(row, now);
  return { ...rest, ready: readyByCertificate(row, now), ...due };
}

/** Best effort: the row is the truth. */
async function tell({ state, clock, log }: Deps, { key }: Working, { events }: Look): Promise<void> {
  for (const event of events) {
    await state.addEvent({ key, at: clock.now().getTime(), ...event }).catch((error: unknown) => {
      log({ event: "untold", certificate: idOf(key), error: String(error) });
    });
  }
}

import type { Ari } from "./ari.ts";
import type { CertificateSpec } from "./certificate.ts";
import type { CrlLook } from "./crl-look.ts";
import type { Chance, Clock } from "./ports.ts";
import { renewalTime } from "./renewal.ts";
import { firstQuestion, putOff } from "./renewal-info.ts";
import type { CertificateRow, Issued, IssuerRow } from "./rows.ts";
import { upToDate } from "./transitions.ts";

/**
 * The row of a working certificate that needs nothing now: its renewal time follows the spec, its Ready the clock. A certificate
 * that was issued before its CA could be asked when to renew is asked about from now on; its revocation list is not read as well.
 */
export function settled(
  row: CertificateRow,
  spec: CertificateSpec,
  issuer: IssuerRow | undefined,
  world: { clock: Clock; chance: Chance },
): { row: CertificateRow; windowError?: string | undefined } {
  if (!row.issued) return { row };
  const now = world.clock.now();
  const asking = ({ crl: known, ...before }: CertificateRow, issued: Issued): CertificateRow => {
    const later = <Of extends Ari | CrlLook>(look: Of) => putOff(look, now, world.chance.fraction());
    const ari = before.ari ? later(before.ari) : firstQuestion(world, issuer, issued, spec);
    if (ari) return { ...before, ari };
    return known ? { ...before, crl: later(known) } : before;
  };
  const changed = row.issued.specHash !== row.specHash;
  if (!changed || row.lifetimeShortened) return { row: upToDate(asking(row, row.issued), row.issued.renewalTime, now) };
  const { at, windowError } = renewalTime({ ...row.issued, ...spec, fraction: world.chance.fraction() });
  // What was chosen may not fit the spec of now: the CA is asked anew.
  const { ari: _ari, ...rest } = row;
  const { renewalTime: _before, ...issued } = row.issued;
  return {
    row: upToDate(asking(rest, at === undefined ? issued : { ...issued, renewalTime: at }), at, now),
    windowError,
  };
}

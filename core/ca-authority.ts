import { createHash } from "node:crypto";
import { readCaPair } from "./ca-pair.ts";
import type { Deps } from "./deps.ts";
import type { ResourceKey } from "./resource.ts";
import { rfc3339 } from "./status.ts";

/** How often the secret of a `ca` issuer is looked at, should nobody say that it changed. */
const recheckMs = 6 * 3_600_000;
/** From here on, or the last third of its life, the status says that a CA ends soon. */
const soonMs = 30 * 86_400_000;

/** What check-issuer has found in the secret that a `ca` issuer names; never the key. */
export interface CaAuthority {
  /** SHA-256 of the DER of the certificate that signs, lower-case hex. */
  fingerprint: string;
  /** Epoch ms. */
  notAfter: number;
  /** From then on the status says that it ends soon. */
  soonFrom: number;
  /** Epoch ms at which its certificate was seen to have changed; there until all of its Certificates are set due. */
  rotating?: number;
}

/** What check-issuer says of a `ca` issuer that may sign. */
export interface VerifiedAuthority {
  ca: CaAuthority;
  message: string;
  /** Epoch ms of the next look. */
  dueAt: number;
}

/**
 * Reads the pair and tells what is public of it. A certificate other than the known one is marked as rotating until all
 * Certificates of the issuer are set due. Throws what readCaPair throws.
 */
export async function verifyAuthority(
  deps: Deps,
  issuer: ResourceKey,
  secretName: string,
  known: CaAuthority | undefined,
): Promise<VerifiedAuthority> {
  // Before the secret is read: what begins from now on reads this certificate, or a newer one.
  const now = deps.clock.now().getTime();
  const { certificate } = await readCaPair(deps, issuer, secretName);
  const fingerprint = createHash("sha256").update(certificate.raw).digest("hex");
  const notAfter = certificate.validToDate.getTime();
  const lifetime = notAfter - certificate.validFromDate.getTime();
  const soonFrom = notAfter - Math.min(soonMs, Math.floor(lifetime / 3));
  const rotating = known?.fingerprint === fingerprint ? known.rotating : now;
  const ends = now < soonFrom ? "" : `; its certificate ends on ${rfc3339(notAfter)}: renew it`;
  const ca = { fingerprint, notAfter, soonFrom, ...(rotating === undefined ? {} : { rotating }) };
  return { ca, message: `Signing CA verified${ends}`, dueAt: nextLook(ca, now) };
}

/** Epoch ms: when there may be something else to say of a CA. */
export function nextLook({ notAfter, soonFrom }: CaAuthority, now: number): number {
  return Math.min(...[now + recheckMs, soonFrom, notAfter].filter((at) => at > now));
}

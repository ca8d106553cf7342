import type { CaAuthority } from "./ca-authority.ts";
import { concurrently } from "./concurrently.ts";
import type { Deps } from "./deps.ts";
import type { ResourceKey } from "./resource.ts";
import type { CertificateRow } from "./rows.ts";

/** So many of an issuer's Certificates are set due at one instant: they fit into one execution. */
const groupSize = 50;
const groupMs = 30_000;

/** `woken`: how many were set due. `busy`: how many are in an execution that may have had the former CA in its hands. */
export interface Rotation {
  woken: number;
  busy: number;
}

/**
 * Sets the Certificates due that another certificate of their CA has signed: the first group now, each of the others half a
 * minute later. May be repeated: who is due within the time of all groups is left alone.
 */
export async function rotateCa(deps: Deps, issuer: ResourceKey, ca: CaAuthority): Promise<Rotation> {
  const users: ResourceKey[] = [];
  for await (const keys of deps.state.usersOf(issuer)) users.push(...keys);
  const from = deps.clock.now().getTime();
  const until = from + Math.ceil(users.length / groupSize) * groupMs;
  const rotation = { woken: 0, busy: 0 };
  for (let start = 0; start < users.length; start += groupSize) {
    const group = users.slice(start, start + groupSize);
    const rows = [...(await deps.state.certificates(group)).values()];
    rotation.busy += rows.filter((row) => isLeased(row) && isFromBefore(row, ca)).length;
    const former = rows.filter((row) => !isLeased(row) && isFormer(row, ca));
    const waiting = former.filter(({ dueAt }) => (dueAt ?? until + 1) > until);
    const dueAt = from + Math.floor(rotation.woken / groupSize) * groupMs;
    const saved = await concurrently(10, waiting, (row) => deps.state.putCertificate({ ...row, dueAt, lane: "renew" }));
    // Who lost the race for a row finds it in another state next time.
    rotation.busy += saved.filter((one) => one === "conflict").length;
    rotation.woken += saved.filter((one) => one === "saved").length;
  }
  return rotation;
}

function isFormer({ issued, deletedAt }: CertificateRow, { fingerprint }: CaAuthority): boolean {
  return deletedAt === undefined && issued !== undefined && issued.caFingerprint !== fingerprint;
}

/** Its execution began before the change was seen; what begins later reads the new pair. Conditions know whole seconds. */
function isFromBefore({ issuing }: CertificateRow, { rotating = 0 }: CaAuthority): boolean {
  return issuing === undefined || Date.parse(issuing.lastTransitionTime) <= rotating;
}

function isLeased({ attempt }: CertificateRow): boolean {
  return attempt?.leaseId !== undefined;
}

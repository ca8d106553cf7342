import type { CertificateRow } from "../../../core/rows.ts";
import type { World } from "./world.ts";

/** How a fleet stands at this instant. */
export interface Standing {
  certificates: number;
  issued: number;
  /** Due by now: to renew, to retry or to resume. */
  due: number;
  /** Past their end. */
  expired: number;
  /** The smallest (notAfter - now) / lifetime. */
  smallestMargin: number;
  /** Due for over an hour. */
  late: number;
}

const lateMs = 3_600_000;

/** Looks at the rows themselves, past every rule and bill. */
export function standing({ outside, clock }: Pick<World, "outside" | "clock">): Standing {
  const now = clock.at();
  const seen: Standing = { certificates: 0, issued: 0, due: 0, expired: 0, smallestMargin: 1, late: 0 };
  for (const { item } of outside.state.rows.values()) {
    if (!/^Certificate\/[^#]+$/.test(String(item.resource))) continue;
    const { notBefore, notAfter, dueAt } = item as Partial<CertificateRow["issued"]> & { dueAt?: number };
    seen.certificates += 1;
    if (dueAt !== undefined && dueAt <= now) seen.due += 1;
    if (dueAt !== undefined && dueAt <= now - lateMs) seen.late += 1;
    if (notBefore === undefined || notAfter === undefined) continue;
    seen.issued += 1;
    if (notAfter <= now) seen.expired += 1;
    seen.smallestMargin = Math.min(seen.smallestMargin, (notAfter - now) / (notAfter - notBefore));
  }
  return seen;
}

/** How many certificates are due now, and the least life that any renewal due now has left: by the due index alone. */
export function backlog({ outside, clock }: Pick<World, "outside" | "clock">): { due: number; smallestMargin: number } {
  const now = clock.at();
  const seen = { due: 0, smallestMargin: 1 };
  const index = outside.state.indexes.get("due");
  for (let shard = 0; shard < 16; shard += 1) {
    const partition = `${shard < 8 ? "renew" : "new"}#${shard % 8}`;
    const where = { text: "#dueLane = :partition AND #dueAt <= :now", values: { partition, now } };
    for (const { item } of index?.find(where) ?? []) {
      if (String(item.resource).includes("#")) continue;
      seen.due += 1;
      const { notBefore, notAfter } = item as { notBefore?: number; notAfter?: number };
      if (notBefore === undefined || notAfter === undefined) continue;
      seen.smallestMargin = Math.min(seen.smallestMargin, (notAfter - now) / (notAfter - notBefore));
    }
  }
  return seen;
}

import type { Saved, State } from "../../../core/ports.ts";
import type { ResourceKey } from "../../../core/resource.ts";
import { idOf, parseId } from "../../../core/resource.ts";
import type { CertificateRow, IssuerRow } from "../../../core/rows.ts";
import { copy, picked } from "./copies.ts";
import type { DueLists } from "./due-list.ts";
import { setDue } from "./due-list.ts";

/** Certificates, with an index of those that wait for an issuer; `peek` copies nothing. */
export function certificateRows(due: DueLists) {
  const rows = new Map<string, CertificateRow>();
  const waiting = new Map<string, Set<string>>();
  const waits = ({ issuer, waitsForIssuer, deletedAt }: CertificateRow) =>
    waitsForIssuer && deletedAt === undefined ? issuer : undefined;
  return {
    peek: (id: string) => rows.get(id),
    live: () => liveKeys(rows),
    certificate: async (key) => copy(rows.get(idOf(key))),
    certificates: async (keys) => picked(keys.map(idOf), (id) => rows.get(id)),
    putCertificate: async (row) => {
      const id = idOf(row.key);
      const before = rows.get(id);
      const saved = swap(rows, row);
      if (saved === "conflict") return saved;
      const [left, entered] = [before && waits(before), waits(row)];
      if (left) waiting.get(left)?.delete(id);
      if (entered) waiting.set(entered, (waiting.get(entered) ?? new Set()).add(id));
      setDue(due, id, row.lane, row.dueAt);
      return saved;
    },
    usersOf: async function* (issuer) {
      const live = [...rows.values()].filter(({ deletedAt }) => deletedAt === undefined);
      const keys = live
        .filter((row) => row.issuer === idOf(issuer) && row.key.kind === "Certificate")
        .map(({ key }) => copy(key));
      if (keys.length > 0) yield keys;
    },
    waitingFor: async function* (issuer) {
      const keys = [...(waiting.get(idOf(issuer)) ?? [])].map(parseId).filter((key) => key !== undefined);
      if (keys.length > 0) yield keys;
    },
  } satisfies Partial<State> & { peek: unknown; live: unknown };
}

/** Issuers. */
export function issuerRows(due: DueLists) {
  const rows = new Map<string, IssuerRow>();
  return {
    live: () => liveKeys(rows),
    issuer: async (key) => copy(rows.get(idOf(key))),
    issuers: async (keys) => picked(keys.map(idOf), (id) => rows.get(id)),
    putIssuer: async (row) => {
      const saved = swap(rows, row);
      if (saved === "saved") setDue(due, idOf(row.key), row.lane, row.dueAt);
      return saved;
    },
  } satisfies Partial<State> & { live: unknown };
}

function swap<Row extends CertificateRow | IssuerRow>(rows: Map<string, Row>, row: Row): Saved {
  const id = idOf(row.key);
  if ((rows.get(id)?.version ?? 0) !== row.version) return "conflict";
  rows.set(id, { ...copy(row), version: row.version + 1 });
  return "saved";
}

function liveKeys(rows: Map<string, CertificateRow | IssuerRow>): ResourceKey[] {
  return [...rows.values()].filter(({ deletedAt }) => deletedAt === undefined).map(({ key }) => copy(key));
}

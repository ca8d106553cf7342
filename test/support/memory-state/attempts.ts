import { keyOf } from "../../../core/attempt-ref.ts";
import type { Saved, State } from "../../../core/ports.ts";
import { idOf } from "../../../core/resource.ts";
import type { AttemptRef, AttemptRow, ChainItem, ChallengesItem, CsrItem, SealedKey } from "../../../core/rows.ts";
import { copy, picked } from "./copies.ts";
import type { DueLists } from "./due-list.ts";
import { setDue } from "./due-list.ts";

/** Attempts, with an index by Certificate. */
export function attemptRows(due: DueLists, beside: Pick<ReturnType<typeof besideAttempts>, "keep" | "expire">) {
  const rows = new Map<string, AttemptRow>();
  const ofCertificate = new Map<string, Set<string>>();
  const store = (row: AttemptRow): Saved => {
    const id = idOfAttempt(row.ref);
    rows.set(id, copy(row));
    setDue(due, id, row.lane, row.hasRecords ? row.dueAt : undefined);
    return "saved";
  };
  return {
    attempts: async (refs) => {
      const found = refs.map((ref) => rows.get(idOfAttempt(ref))).filter((row) => row !== undefined);
      return new Map(found.map((row) => [row.ref.attemptId, copy(row)]));
    },
    createAttempt: async (row) => {
      const id = idOfAttempt(row.ref);
      if (rows.has(id)) return "conflict";
      const certificate = certificateOf(row.ref);
      ofCertificate.set(certificate, (ofCertificate.get(certificate) ?? new Set()).add(id));
      return store(row);
    },
    putAttempt: async (row) => {
      const stored = rows.get(idOfAttempt(row.ref));
      return stored && !stored.outcome && stored.leaseId === row.leaseId ? store(row) : "conflict";
    },
    leaseAttempt: async (ref, leaseId) => {
      const stored = rows.get(idOfAttempt(ref));
      return stored && !stored.outcome ? store({ ...stored, leaseId }) : "conflict";
    },
    recordsGone: async (ref) => {
      const stored = rows.get(idOfAttempt(ref));
      if (!stored) return;
      const { hasRecords, dueAt, ...rest } = stored;
      store(rest);
    },
    postponeRecords: async (ref, dueAt) => {
      const stored = rows.get(idOfAttempt(ref));
      if (stored?.hasRecords && stored.dueAt !== undefined) store({ ...stored, dueAt });
    },
    attemptsOf: async (key, most = 10) => {
      const found = [...(ofCertificate.get(idOf(key)) ?? [])]
        .map((id) => rows.get(id))
        .filter((row) => row !== undefined);
      return copy(found.sort((one, other) => other.startedAt - one.startedAt).slice(0, most));
    },
    keepAttempt: async (ref, expiresAt) => {
      const stored = rows.get(idOfAttempt(ref));
      if (stored) store({ ...stored, expiresAt });
      beside.keep(ref, expiresAt);
    },
    /** What DynamoDB's time to live removes sooner or later: ended attempts, and the CSR and chain beside them. */
    expire: (now: Date) => {
      for (const [id, { expiresAt, outcome, ref }] of rows) {
        if (!outcome || !hasPassed(expiresAt, now)) continue;
        rows.delete(id);
        ofCertificate.get(certificateOf(ref))?.delete(id);
      }
      beside.expire(now);
    },
  } satisfies Partial<State> & { expire(now: Date): void };
}

/** The items beside attempts, and their sealed keys. */
export function besideAttempts() {
  const csrs = new Map<string, CsrItem>();
  const challenges = new Map<string, ChallengesItem>();
  const chains = new Map<string, ChainItem>();
  /** Epoch seconds at which a chain, and the CSR with it, goes. */
  const ends = new Map<string, number>();
  const keys = new Map<string, SealedKey>();
  const read = <Found>(refs: AttemptRef[], items: Map<string, Found>) => {
    const ids = new Map(refs.map((ref) => [ref.attemptId, idOfAttempt(ref)]));
    return picked([...ids.keys()], (attemptId) => items.get(ids.get(attemptId) ?? ""));
  };
  const once = <Found>(items: Map<string, Found>, ref: AttemptRef, item: Found): Saved => {
    if (items.has(idOfAttempt(ref))) return "conflict";
    items.set(idOfAttempt(ref), copy(item));
    return "saved";
  };
  return {
    csrs: async (refs) => read(refs, csrs),
    putCsr: async (ref, item) => void once(csrs, ref, item),
    challenges: async (refs) => read(refs, challenges),
    putChallenges: async (ref, item) => void challenges.set(idOfAttempt(ref), copy(item)),
    chain: async (ref) => copy(chains.get(idOfAttempt(ref))),
    chains: async (refs) => read(refs, chains),
    putChain: async (ref, item, expiresAt) => {
      if (once(chains, ref, item) === "saved") ends.set(idOfAttempt(ref), expiresAt);
    },
    sealedKey: async (ref) => copy(keys.get(idOfAttempt(ref))),
    sealedKeys: async (refs) => read(refs, keys),
    putSealedKey: async (ref, key) => once(keys, ref, key),
    deleteSealedKey: async (ref) => void keys.delete(idOfAttempt(ref)),
    keep: (ref: AttemptRef, expiresAt: number) => {
      if (ends.has(idOfAttempt(ref))) ends.set(idOfAttempt(ref), expiresAt);
    },
    expire: (now: Date) => {
      for (const [id, expiresAt] of ends) {
        if (!hasPassed(expiresAt, now)) continue;
        for (const items of [csrs, chains, ends]) items.delete(id);
      }
    },
  } satisfies Partial<State> & { keep: unknown; expire: unknown };
}

function hasPassed(expiresAt: number | undefined, now: Date): boolean {
  return expiresAt !== undefined && expiresAt * 1_000 <= now.getTime();
}

function certificateOf(ref: AttemptRef): string {
  return idOf(keyOf(ref));
}

function idOfAttempt(ref: AttemptRef): string {
  return `${certificateOf(ref)}#${ref.attemptId}`;
}

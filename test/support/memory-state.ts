import type { Due, Saved, State } from "../../core/ports.ts";
import type { ResourceKey } from "../../core/resource.ts";
import { idOf, parseId } from "../../core/resource.ts";
import type {
  AttemptRef,
  AttemptRow,
  BucketRow,
  CertificateRow,
  ChainItem,
  ChallengesItem,
  CsrItem,
  EventRow,
  IssuerRow,
  Lane,
  SealedKey,
  SecretClaim,
} from "../../core/rows.ts";
import { dueList } from "./due-list.ts";

/**
 * State in memory: the port's contract and nothing of DynamoDB. Time to live is not played. Every method works on copies
 * and in one turn of the event loop, so concurrent callers are as safe as with conditional writes.
 */
export function memoryState(): State {
  const due = { renew: dueList(), new: dueList() };
  const certificates = certificateRows(due);
  const issuers = issuerRows(due);
  const dueIn = (lane: Lane, now: number, limit: number): Due[] => {
    const found: Due[] = [];
    for (const { id, dueAt } of due[lane].upTo(now)) {
      if (found.length >= limit) break;
      found.push(dueOf(id, dueAt, lane));
    }
    return found;
  };
  return {
    ...certificates,
    ...issuers,
    ...attemptRows(due),
    ...besideAttempts(),
    ...recordClaims(),
    ...secretClaims(),
    ...ledger(),
    ...eventRows(),
    scanKeys: async function* () {
      const keys = [...certificates.live(), ...issuers.live()];
      if (keys.length > 0) yield keys;
    },
    due: async (now, limit) => {
      const renewals = dueIn("renew", now.getTime(), limit);
      return [...renewals, ...dueIn("new", now.getTime(), limit - renewals.length)];
    },
    smallestMargin: async (now, until) => {
      let smallest: number | undefined;
      for (const { id, dueAt } of due.renew.upTo(until.getTime())) {
        const issued = certificates.peek(id)?.issued;
        if (!issued || dueAt >= until.getTime()) continue;
        const margin = (issued.notAfter - now.getTime()) / (issued.notAfter - issued.notBefore);
        smallest = Math.min(margin, smallest ?? margin);
      }
      return smallest;
    },
  };
}

type DueLists = Record<Lane, ReturnType<typeof dueList>>;

/** Rows are JSON: numbers, text, lists and maps; undefined fields go, as they do in DynamoDB. */
function copy<Row>(row: Row): Row {
  return row === undefined ? row : JSON.parse(JSON.stringify(row));
}

function setDue(due: DueLists, id: string, lane: Lane | undefined, dueAt: number | undefined) {
  due.renew.set(id, lane === "renew" ? dueAt : undefined);
  due.new.set(id, lane === "renew" ? undefined : dueAt);
}

function dueOf(id: string, dueAt: number, lane: Lane): Due {
  const [resource = "", attemptId] = id.split("#");
  const key = parseId(resource);
  if (!key) throw new Error(`nothing due is called ${id}`);
  if (attemptId) return { what: "records", ref: { namespace: key.namespace, name: key.name, attemptId }, dueAt, lane };
  return { what: key.kind === "Certificate" ? "certificate" : "issuer", key, dueAt, lane };
}

function picked<Found>(ids: string[], find: (id: string) => Found | undefined): Map<string, Found> {
  return new Map(
    ids.flatMap((id) => {
      const found = find(id);
      return found === undefined ? [] : [[id, copy(found)] as const];
    }),
  );
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

function certificateRows(due: DueLists) {
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
    waitingFor: async function* (issuer) {
      const keys = [...(waiting.get(idOf(issuer)) ?? [])].map(parseId).filter((key) => key !== undefined);
      if (keys.length > 0) yield keys;
    },
  } satisfies Partial<State> & { peek: unknown; live: unknown };
}

function issuerRows(due: DueLists) {
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

function certificateOf({ namespace, name }: AttemptRef): string {
  return `${namespace}/Certificate/${name}`;
}

function idOfAttempt(ref: AttemptRef): string {
  return `${certificateOf(ref)}#${ref.attemptId}`;
}

function attemptRows(due: DueLists) {
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
    attemptsOf: async (key) => {
      const found = [...(ofCertificate.get(idOf(key)) ?? [])]
        .map((id) => rows.get(id))
        .filter((row) => row !== undefined);
      return copy(found.sort((one, other) => other.startedAt - one.startedAt).slice(0, 10));
    },
  } satisfies Partial<State>;
}

function besideAttempts() {
  const csrs = new Map<string, CsrItem>();
  const challenges = new Map<string, ChallengesItem>();
  const chains = new Map<string, ChainItem>();
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
    putChain: async (ref, item) => void once(chains, ref, item),
    sealedKey: async (ref) => copy(keys.get(idOfAttempt(ref))),
    putSealedKey: async (ref, key) => once(keys, ref, key),
    deleteSealedKey: async (ref) => void keys.delete(idOfAttempt(ref)),
  } satisfies Partial<State>;
}

function recordClaims() {
  const needed = new Map<string, Set<string>>();
  const at = (record: { name: string; value: string }) => `${record.name}#${record.value}`;
  return {
    claimRecord: async (record, { attemptId }) => {
      const attempts = needed.get(at(record)) ?? new Set();
      const others = [...attempts].some((other) => other !== attemptId);
      needed.set(at(record), attempts.add(attemptId));
      return { others };
    },
    releaseRecord: async (record, { attemptId }) => {
      const attempts = needed.get(at(record));
      attempts?.delete(attemptId);
      const last = !attempts?.size;
      if (last) needed.delete(at(record));
      return { last };
    },
  } satisfies Partial<State>;
}

function secretClaims() {
  const claims = new Map<string, SecretClaim>();
  const at = (namespace: string, secretName: string) => `${namespace}/${secretName}`;
  return {
    claimSecret: async ({ namespace, secretName, owner, store }) => {
      const standing = claims.get(at(namespace, secretName));
      if (standing && standing.releasedAt === undefined) return copy(standing);
      claims.set(at(namespace, secretName), { namespace, secretName, owner, store });
      return { namespace, secretName, owner, store };
    },
    secretClaim: async (namespace, secretName) => copy(claims.get(at(namespace, secretName))),
    releaseSecret: async (namespace, secretName, owner, releasedAt) => {
      const claim = claims.get(at(namespace, secretName));
      if (claim?.owner === owner) claim.releasedAt ??= releasedAt;
    },
  } satisfies Partial<State>;
}

function ledger() {
  const rows = new Map<string, BucketRow>();
  return {
    buckets: async (keys) => picked(keys, (key) => rows.get(key)),
    putBuckets: async (wanted) => {
      if (wanted.some(({ key, version }) => (rows.get(key)?.version ?? 0) !== version)) return "conflict";
      for (const { key, version, tokens, at } of wanted) rows.set(key, { key, version: version + 1, tokens, at });
      return "saved";
    },
  } satisfies Partial<State>;
}

function eventRows() {
  const rows = new Map<string, Map<string, EventRow>>();
  return {
    addEvent: async (event) => {
      const id = idOf(event.key);
      rows.set(id, (rows.get(id) ?? new Map()).set(JSON.stringify(event), copy(event)));
    },
    events: async (key, limit) => {
      const events = [...(rows.get(idOf(key))?.values() ?? [])];
      return copy(events.sort((one, other) => other.at - one.at).slice(0, limit));
    },
  } satisfies Partial<State>;
}

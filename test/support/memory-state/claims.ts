import type { State } from "../../../core/ports.ts";
import { idOf } from "../../../core/resource.ts";
import type { BucketRow, EventRow, SecretClaim } from "../../../core/rows.ts";
import { copy, picked } from "./copies.ts";

/** Which attempts need a TXT value. */
export function recordClaims() {
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

/** Answers to HTTP01 challenges. */
export function answerRows() {
  const answers = new Map<string, { keyAuthorization: string; attempts: Set<string> }>();
  return {
    claimAnswer: async ({ token, keyAuthorization }, { attemptId }) => {
      const attempts = answers.get(token)?.attempts ?? new Set();
      answers.set(token, { keyAuthorization, attempts: attempts.add(attemptId) });
    },
    releaseAnswer: async (token, { attemptId }) => {
      const attempts = answers.get(token)?.attempts;
      attempts?.delete(attemptId);
      if (!attempts?.size) answers.delete(token);
    },
    answerTo: async (token) => answers.get(token)?.keyAuthorization,
  } satisfies Partial<State>;
}

/** Who may write which stored secret. */
export function secretClaims() {
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
    secretClaims: async (names) =>
      names.flatMap(({ namespace, secretName }) => copy(claims.get(at(namespace, secretName))) ?? []),
    releaseSecret: async (namespace, secretName, owner, releasedAt) => {
      const claim = claims.get(at(namespace, secretName));
      if (claim?.owner === owner) claim.releasedAt ??= releasedAt;
    },
  } satisfies Partial<State>;
}

/** Token buckets. */
export function ledger() {
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

/** Events; one that arrives twice is there once. */
export function eventRows() {
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

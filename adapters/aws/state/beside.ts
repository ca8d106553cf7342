import type * as z from "zod/mini";
import { together } from "../../../core/concurrently.ts";
import type { Clock, State } from "../../../core/ports.ts";
import type { AttemptRef } from "../../../core/rows.ts";
import type { Item } from "../dynamo/expressions.ts";
import { keysIn } from "../dynamo/expressions.ts";
import type { Table } from "../dynamo/table.ts";
import { absent } from "./attempts.ts";
import { chainItem, challengesItem, csrItem, sealedKey } from "./beside-schemas.ts";
import { attemptIdOfKey, attemptKey, attemptRef, sealedKeyKey } from "./keys.ts";
import { parsed } from "./schemas.ts";

const day = 86_400;
/** What an attempt left behind that nobody deleted goes after so long; no attempt lives longer. */
const leftBehindSeconds = 30 * day;
/** A CSR is needed as long as its chain. So long is enough for certificates of 10 days; to keep all for longer costs more than a second write. */
const csrSeconds = 70 * day;

/** The items beside attempts, and their sealed keys. Binary is stored as binary: a third smaller than base64. */
export function besideAttempts(
  table: Table,
  clock: Clock,
): Pick<State, "csrs" | "putCsr" | "challenges" | "putChallenges" | "chain" | "chains" | "putChain"> {
  return {
    csrs: (refs) => readBeside(table, refs, "csr", csrItem),
    putCsr: async (ref, item) => {
      const csr = Buffer.from(item.csr, "base64");
      await table.put({ ...attemptKey(ref, "csr"), ...item, csr, expiresAt: secondsFrom(clock, csrSeconds) }, absent);
    },
    challenges: (refs) => readBeside(table, refs, "challenges", challengesItem),
    putChallenges: async (ref, item) => {
      await table.put({ ...attemptKey(ref, "challenges"), ...item, expiresAt: leftBehindAt(clock) });
    },
    chain: async (ref) => {
      const item = await table.get(attemptKey(ref, "chain"));
      return item && parsed(chainItem, item, item);
    },
    chains: (refs) => readBeside(table, refs, "chain", chainItem),
    putChain: async (ref, { chain, ca }, expiresAt) => {
      const outlives = expiresAt > secondsFrom(clock, csrSeconds - leftBehindSeconds);
      const keep = { text: "SET #expiresAt = :expiresAt", values: { expiresAt } };
      await together([
        ...(outlives ? [table.update(attemptKey(ref, "csr"), keep, { text: "attribute_exists(#namespace)" })] : []),
        table.put({ ...attemptKey(ref, "chain"), chain, ca, expiresAt }, absent),
      ]);
    },
  };
}

/** The sealed private keys of attempts in hand. */
export function sealedKeys(
  table: Table,
  clock: Clock,
): Pick<State, "sealedKey" | "sealedKeys" | "putSealedKey" | "deleteSealedKey"> {
  return {
    sealedKey: async (ref) => {
      const item = await table.get(sealedKeyKey(ref));
      return item && parsed(sealedKey, item, item);
    },
    sealedKeys: async (refs) => {
      const items = await table.getMany(refs.map(sealedKeyKey));
      return new Map(items.map((item) => [attemptIdOfKey(keysIn(item)), parsed(sealedKey, item, item)]));
    },
    putSealedKey: async (ref, key) => {
      const item = {
        ...sealedKeyKey(ref),
        dataKey: Buffer.from(key.dataKey, "base64"),
        iv: Buffer.from(key.iv, "base64"),
        ciphertext: Buffer.from(key.ciphertext, "base64"),
        tag: Buffer.from(key.tag, "base64"),
        expiresAt: leftBehindAt(clock),
      };
      return (await table.put(item, absent)).saved ? "saved" : "conflict";
    },
    deleteSealedKey: async (ref) => {
      await table.delete(sealedKeyKey(ref));
    },
  };
}

/** Epoch seconds after which DynamoDB removes what is written now and never deleted. */
export function leftBehindAt(clock: Clock): number {
  return secondsFrom(clock, leftBehindSeconds);
}

function secondsFrom(clock: Clock, seconds: number): number {
  return Math.floor(clock.now().getTime() / 1_000) + seconds;
}

async function readBeside<Found>(
  table: Table,
  refs: AttemptRef[],
  beside: "csr" | "challenges" | "chain",
  schema: z.ZodMiniType<Found>,
): Promise<Map<string, Found>> {
  const items = await table.getMany(refs.map((ref) => attemptKey(ref, beside)));
  return new Map(items.map((item) => [attemptRef(keysIn(item))?.attemptId ?? "", parsed(schema, plain(item), item)]));
}

/** An item without what only the table needs. */
function plain({ namespace, resource, expiresAt, ...rest }: Item): Item {
  return rest;
}

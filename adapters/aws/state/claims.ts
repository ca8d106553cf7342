import { UnavailableError } from "../../../core/errors.ts";
import type { Clock, State } from "../../../core/ports.ts";
import type { SecretClaim } from "../../../core/rows.ts";
import type { Item, ItemKey } from "../dynamo/expressions.ts";
import { keysIn } from "../dynamo/expressions.ts";
import type { Table } from "../dynamo/table.ts";
import { leftBehindAt } from "./beside.ts";
import { recordItem, secretClaim } from "./beside-schemas.ts";
import { recordKey } from "./keys.ts";
import { parsed } from "./schemas.ts";

/** How often a release that others overtake is tried again at once. */
const races = 10;

/** Which attempts need a TXT value: a set of attempt ids for each name and value. */
export function recordClaims(table: Table, clock: Clock): Pick<State, "claimRecord" | "releaseRecord"> {
  return {
    claimRecord: async (record, { attemptId }) => {
      const change = {
        text: "ADD #attempts :me SET #expiresAt = :expiresAt",
        values: { me: new Set([attemptId]), expiresAt: leftBehindAt(clock) },
      };
      const before = await table.update(recordKey(record), change, undefined, "before");
      return { others: othersIn(before.item, attemptId) };
    },
    releaseRecord: async (record, { attemptId }) => {
      for (let race = 0; race < races; race += 1) {
        const left = await leave(table, recordKey(record), attemptId);
        if (left) return left;
      }
      const message = `State: ${races} others changed who needs ${record.name} while it was released`;
      throw new UnavailableError({ reason: "StateUnavailable", message });
    },
  };
}

/** Who may write which stored secret. */
export function secretClaims(
  table: Table,
): Pick<State, "claimSecret" | "secretClaim" | "secretClaims" | "releaseSecret"> {
  const at = (namespace: string, secretName: string) => ({ namespace, resource: `Secret/${secretName}` });
  return {
    claimSecret: async (claim) => {
      const { namespace, secretName, owner, store } = claim;
      const free = { text: "attribute_not_exists(#namespace) OR attribute_exists(#releasedAt)" };
      const item = { ...at(namespace, secretName), owner, store };
      const { saved, item: standing } = await table.put(item, free, "refusing");
      if (saved) return { namespace, secretName, owner, store };
      return standing ? claimOf(namespace, secretName, standing) : { namespace, secretName, owner, store };
    },
    secretClaim: async (namespace, secretName) => {
      const item = await table.get(at(namespace, secretName));
      return item && claimOf(namespace, secretName, item);
    },
    secretClaims: async (names) => {
      const items = await table.getMany(names.map(({ namespace, secretName }) => at(namespace, secretName)));
      return items.map((item) => {
        const { namespace, resource } = keysIn(item);
        return claimOf(namespace, resource.slice("Secret/".length), item);
      });
    },
    releaseSecret: async (namespace, secretName, owner, releasedAt) => {
      const change = { text: "SET #releasedAt = :releasedAt", values: { releasedAt } };
      const mine = { text: "#owner = :owner AND attribute_not_exists(#releasedAt)", values: { owner } };
      await table.update(at(namespace, secretName), change, mine);
    },
  };
}

/** Who needs something is listed in `attempts` of its item. Deletes the item when nobody else is in it, else takes me out; undefined when it changed in between. */
export async function leave(table: Table, key: ItemKey, attemptId: string): Promise<{ last: boolean } | undefined> {
  const me = new Set([attemptId]);
  const onlyMe = { text: "attribute_not_exists(#attempts) OR #attempts = :me", values: { me } };
  if ((await table.delete(key, onlyMe)).saved) return { last: true };
  const change = { text: "DELETE #attempts :me", values: { me } };
  const others = { text: "attribute_exists(#attempts) AND #attempts <> :me" };
  return (await table.update(key, change, others)).saved ? { last: false } : undefined;
}

function othersIn(item: Item | undefined, attemptId: string): boolean {
  if (!item) return false;
  return [...parsed(recordItem, item, item).attempts].some((other) => other !== attemptId);
}

function claimOf(namespace: string, secretName: string, item: Item): SecretClaim {
  return { namespace, secretName, ...parsed(secretClaim, item, item) };
}

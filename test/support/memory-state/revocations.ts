import type { State } from "../../../core/ports.ts";
import { idOf } from "../../../core/resource.ts";
import type { BlockedKey, RevocationRow } from "../../../core/revocation/state.ts";
import type { AttemptRef } from "../../../core/rows.ts";
import { copy } from "./copies.ts";
import type { DueLists } from "./due-list.ts";
import { revocationId, setDue } from "./due-list.ts";

/** Revocations, and the keys that nobody may use again. */
export function revocationRows(due: DueLists) {
  const rows = new Map<string, RevocationRow>();
  const blocked = new Map<string, BlockedKey>();
  const certificateOf = ({ namespace, name }: AttemptRef) => idOf({ namespace, kind: "Certificate", name });
  return {
    revocation: async (ref) => copy(rows.get(revocationId(ref))),
    putRevocation: async (row) => {
      const id = revocationId(row.ref);
      if ((rows.get(id)?.version ?? 0) !== row.version) return "conflict";
      rows.set(id, copy({ ...row, version: row.version + 1 }));
      setDue(due, id, "renew", row.dueAt);
      return "saved";
    },
    revocationsOf: async (key) => copy([...rows.values()].filter(({ ref }) => certificateOf(ref) === idOf(key))),
    blockKey: async (key) => {
      if (!blocked.has(key.publicKeyHash)) blocked.set(key.publicKeyHash, copy(key));
    },
    blockedKey: async (publicKeyHash) => copy(blocked.get(publicKeyHash)),
  } satisfies Partial<State>;
}

import { describe, expect, it } from "vitest";
import type { BlockedKey, RevocationRow } from "../../../core/revocation/state.ts";
import { attemptRefOf, noon } from "../../support/realistic-rows.ts";
import type { MakeState } from "./make.ts";

/** What is to be revoked, and the keys that nobody may use again. */
export function testRevocations(makeState: MakeState): void {
  const ref = attemptRefOf(1);
  const row: RevocationRow = {
    ref,
    schema: 1,
    version: 0,
    requestedAt: "2026-11-22T19:00:00.000Z",
    reason: "keyCompromise",
    with: "account",
    sharedWith: "shop/Certificate/api",
    revokedAt: "2026-11-22T19:00:05Z",
    refusal: "no",
    blocked: true,
    shared: ["web/Certificate/www"],
    message: "waits",
    looks: 3,
    dueAt: noon,
  };
  const key = { namespace: ref.namespace, kind: "Certificate", name: ref.name } as const;

  describe("putRevocation", () => {
    it("keeps every field, and is a compare-and-swap by version", async () => {
      const state = await makeState();
      expect(await state.revocation(ref)).toBeUndefined();
      expect(await state.putRevocation(row)).toBe("saved");
      expect(await state.putRevocation(row)).toBe("conflict");
      expect(await state.revocation(ref)).toEqual({ ...row, version: 1 });
      const { dueAt: _, ...ended } = row;
      expect(await state.putRevocation({ ...ended, version: 1, ended: "replaced", expiresAt: 1 })).toBe("saved");
      expect(await state.revocation(ref)).toEqual({ ...ended, version: 2, ended: "replaced", expiresAt: 1 });
    });

    it("is due at its instant, until it has none", async () => {
      const state = await makeState();
      await state.putRevocation(row);
      expect(await state.due(new Date(noon - 1), 10)).toEqual([]);
      expect(await state.due(new Date(noon), 10)).toEqual([{ what: "revocation", ref, dueAt: noon, lane: "renew" }]);
      const { dueAt: _, ...ended } = row;
      await state.putRevocation({ ...ended, version: 1 });
      expect(await state.due(new Date(noon), 10)).toEqual([]);
    });

    it("is found with its Certificate, and with no other", async () => {
      const state = await makeState();
      const other = { ...ref, attemptId: attemptRefOf(2).attemptId };
      await state.putRevocation(row);
      await state.putRevocation({ ...row, ref: other });
      await state.putRevocation({ ...row, ref: { ...ref, name: `${ref.name}-2` } });
      const found = await state.revocationsOf(key);
      expect(found.map((one) => one.ref.attemptId).sort()).toEqual([ref.attemptId, other.attemptId].sort());
      expect(await state.revocationsOf({ ...key, namespace: "elsewhere" })).toEqual([]);
    });
  });

  describe("blockKey", () => {
    it("is for ever, and the first word stays", async () => {
      const state = await makeState();
      const blocked: BlockedKey = { publicKeyHash: "ab", saidBy: "web/Certificate/www", at: "2026-11-22T19:00:00Z" };
      expect(await state.blockedKey("ab")).toBeUndefined();
      await state.blockKey(blocked);
      await state.blockKey({ ...blocked, saidBy: "web/Certificate/other" });
      expect(await state.blockedKey("ab")).toEqual(blocked);
      expect(await state.blockedKey("a")).toBeUndefined();
    });
  });
}

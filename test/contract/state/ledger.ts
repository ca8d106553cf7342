import { describe, expect, it } from "vitest";
import type { State } from "../../../core/ports.ts";
import { type MakeState, times } from "./make.ts";

/** The token buckets. */
export function testLedger(makeState: MakeState): void {
  const bucket = (key: string, version = 0, tokens = 5) => ({ key, version, tokens, at: 1_795_000_000_000 });

  describe("buckets", () => {
    it("gives back what was put, one version further, and leaves out what was not", async () => {
      const state = await makeState();
      const key = "orders#https://acme.test/acct/1";
      expect(await state.putBuckets([bucket(key, 0, 0.1 + 0.2)])).toBe("saved");
      expect(await state.buckets([key, key, "absent"])).toEqual(new Map([[key, bucket(key, 1, 0.1 + 0.2)]]));
      expect(await state.buckets([])).toEqual(new Map());
    });

    it("saves nothing when one of the rows was changed meanwhile", async () => {
      const state = await makeState();
      await state.putBuckets([bucket("a"), bucket("b")]);
      await state.putBuckets([bucket("b", 1, 4)]);
      expect(await state.putBuckets([bucket("a", 1, 3), bucket("b", 1, 3)])).toBe("conflict");
      expect(await state.putBuckets([bucket("a", 1, 3), bucket("b", 0, 3)])).toBe("conflict");
      expect(await state.putBuckets([bucket("c", 1, 3)])).toBe("conflict");
      const rows = [bucket("a", 1), bucket("b", 2, 4)];
      expect(await state.buckets(["a", "b", "c"])).toEqual(new Map(rows.map((row) => [row.key, row])));
    });

    it("writes a hundred at once, and none", async () => {
      const state = await makeState();
      const rows = times(100, (index) => bucket(`b-${index}`));
      expect(await state.putBuckets(rows)).toBe("saved");
      expect((await state.buckets(rows.map(({ key }) => key))).size).toBe(100);
      expect(await state.putBuckets([])).toBe("saved");
    });

    it("loses no token when many take at once", async () => {
      const state = await makeState();
      await state.putBuckets([bucket("a", 0, 20), bucket("b", 0, 20)]);
      await Promise.all(times(6, (index) => takeOne(state, index % 2 ? ["a", "b"] : ["a"])));
      const left = await state.buckets(["a", "b"]);
      expect([left.get("a")?.tokens, left.get("b")?.tokens]).toEqual([14, 17]);
    });

    async function takeOne(state: State, keys: string[]): Promise<void> {
      for (;;) {
        const rows = [...(await state.buckets(keys)).values()];
        if ((await state.putBuckets(rows.map((row) => ({ ...row, tokens: row.tokens - 1 })))) === "saved") return;
      }
    }
  });
}

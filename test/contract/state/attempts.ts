import { describe, expect, it } from "vitest";
import type { AttemptOutcome, AttemptRow } from "../../../core/rows.ts";
import {
  answeredAttempt,
  attemptRefOf,
  certificateKey,
  csrItem,
  newAttempt,
  noon,
} from "../../support/realistic-rows.ts";
import { type MakeState, times } from "./make.ts";

/** The rows of attempts. */
export function testAttempts(makeState: MakeState): void {
  const issued: AttemptOutcome = { result: "issued", reason: "Issued", message: "revision 1", at: noon };

  describe("attempts", () => {
    it("gives back every field", async () => {
      const state = await makeState();
      const outcome: AttemptOutcome = { ...issued, result: "failed", errorClass: "RefusedError" };
      const row = answeredAttempt({ outcome, expiresAt: 1_797_592_000, bugs: 1 });
      expect(await state.createAttempt(row)).toBe("saved");
      expect(await state.attempts([row.ref])).toEqual(new Map([[row.ref.attemptId, row]]));
    });

    it("answers only those that are there, each once, more than a hundred at once", async () => {
      const state = await makeState();
      const refs = times(120, (index) => attemptRefOf(index, `c-${index}`));
      await Promise.all(refs.map((ref) => state.createAttempt(newAttempt({ ref }))));
      const read = await state.attempts([...refs, ...refs, attemptRefOf(999)]);
      expect([...read.keys()].sort()).toEqual(refs.map(({ attemptId }) => attemptId).sort());
      expect(await state.attempts([])).toEqual(new Map());
    });

    it("creates an attempt once", async () => {
      const state = await makeState();
      expect(await state.createAttempt(newAttempt())).toBe("saved");
      expect(await state.createAttempt(newAttempt({ leaseId: "lease-2" }))).toBe("conflict");
      expect((await read(state, 1))?.leaseId).toBe("lease-1");
    });

    it("writes the whole row for the holder of the lease", async () => {
      const state = await makeState();
      await state.createAttempt(newAttempt({ nonce: "n", orderUrl: "https://acme.test/order/1" }));
      const next = newAttempt({ step: "create-order", orderUrl: "https://acme.test/order/1" });
      expect(await state.putAttempt(next)).toBe("saved");
      expect(await state.putAttempt(next)).toBe("saved");
      expect(await read(state, 1)).toEqual(next);
    });

    it("refuses everybody else, and an attempt that is not there", async () => {
      const state = await makeState();
      expect(await state.putAttempt(newAttempt())).toBe("conflict");
      await state.createAttempt(newAttempt());
      expect(await state.putAttempt(newAttempt({ leaseId: "lease-2", step: "write-secret" }))).toBe("conflict");
      expect(await read(state, 1)).toEqual(newAttempt());
      expect(await read(state, 2)).toBeUndefined();
    });

    it("counts an outcome once", async () => {
      const state = await makeState();
      await state.createAttempt(newAttempt());
      const answers = await Promise.all(times(5, (at) => state.putAttempt(newAttempt({ outcome: { ...issued, at } }))));
      expect(answers.filter((answer) => answer === "saved")).toHaveLength(1);
      expect(await state.putAttempt(newAttempt({ step: "write-secret" }))).toBe("conflict");
      expect((await read(state, 1))?.outcome?.at).toBe(answers.indexOf("saved"));
    });

    it("gives a new lease and so takes the old one's right to write", async () => {
      const state = await makeState();
      await state.createAttempt(newAttempt({ nonce: "n" }));
      expect(await state.leaseAttempt(attemptRefOf(1), "lease-2")).toBe("saved");
      expect(await state.putAttempt(newAttempt())).toBe("conflict");
      expect(await read(state, 1)).toEqual(newAttempt({ nonce: "n", leaseId: "lease-2" }));
      expect(await state.putAttempt(newAttempt({ leaseId: "lease-2" }))).toBe("saved");
    });

    it("leases no attempt that is absent or ended", async () => {
      const state = await makeState();
      expect(await state.leaseAttempt(attemptRefOf(1), "lease-2")).toBe("conflict");
      expect(await read(state, 1)).toBeUndefined();
      await state.createAttempt(newAttempt({ outcome: issued }));
      expect(await state.leaseAttempt(attemptRefOf(1), "lease-2")).toBe("conflict");
      expect((await read(state, 1))?.leaseId).toBe("lease-1");
    });

    it("marks records as gone whoever holds the lease, ended or not, and creates nothing", async () => {
      const state = await makeState();
      const row = newAttempt({ hasRecords: true, dueAt: noon, outcome: issued, expiresAt: 9 });
      await state.createAttempt(row);
      await state.recordsGone(row.ref);
      await state.recordsGone(row.ref);
      await state.recordsGone(attemptRefOf(2));
      await state.postponeRecords(row.ref, noon + 5);
      expect(await state.due(new Date(noon + 5), 9)).toEqual([]);
      expect(await read(state, 1)).toEqual(newAttempt({ outcome: issued, expiresAt: 9 }));
      expect(await read(state, 2)).toBeUndefined();
    });

    it("postpones only the look at records that are there", async () => {
      const state = await makeState();
      await state.createAttempt(newAttempt({ hasRecords: true, dueAt: noon, outcome: issued }));
      await state.createAttempt(newAttempt({ ref: attemptRefOf(2) }));
      for (const number of [1, 2, 3]) await state.postponeRecords(attemptRefOf(number), noon + 5);
      expect(await read(state, 1)).toEqual(newAttempt({ hasRecords: true, dueAt: noon + 5, outcome: issued }));
      expect(await read(state, 2)).toEqual(newAttempt({ ref: attemptRefOf(2) }));
      expect(await read(state, 3)).toBeUndefined();
      expect(await state.due(new Date(noon + 4), 9)).toEqual([]);
      expect(await state.due(new Date(noon + 5), 9)).toHaveLength(1);
    });

    async function read(state: Awaited<ReturnType<MakeState>>, number: number): Promise<AttemptRow | undefined> {
      const ref = attemptRefOf(number);
      return (await state.attempts([ref])).get(ref.attemptId);
    }
  });

  describe("keepAttempt", () => {
    it("moves the end of the row and of nothing else in it, whatever its lease and outcome", async () => {
      const state = await makeState();
      const row = answeredAttempt({ outcome: issued, expiresAt: 1_797_592_000 });
      await state.createAttempt(row);
      await state.putCsr(row.ref, csrItem());
      await state.putChain(row.ref, { chain: "c" }, 1_797_592_000);
      await state.keepAttempt(row.ref, 1_900_000_000);
      expect((await state.attempts([row.ref])).get(row.ref.attemptId)).toEqual({ ...row, expiresAt: 1_900_000_000 });
      expect(await state.chain(row.ref)).toEqual({ chain: "c" });
      expect((await state.csrs([row.ref])).get(row.ref.attemptId)).toEqual(csrItem());
    });

    it("makes nothing where nothing is", async () => {
      const state = await makeState();
      await state.keepAttempt(attemptRefOf(1), 1_900_000_000);
      expect(await state.attempts([attemptRefOf(1)])).toEqual(new Map());
      expect(await state.chain(attemptRefOf(1))).toBeUndefined();
      expect(await state.csrs([attemptRefOf(1)])).toEqual(new Map());
    });
  });

  describe("attemptsOf", () => {
    it("answers the newest ten of one Certificate, newest first", async () => {
      const state = await makeState();
      const starts = [7, 3, 11, 0, 9, 1, 10, 2, 8, 4, 6, 5];
      for (const start of starts) {
        const ref = attemptRefOf(starts.indexOf(start));
        await state.createAttempt(newAttempt({ ref, startedAt: noon + start }));
        await state.putCsr(ref, csrItem());
      }
      const attempts = await state.attemptsOf(certificateKey());
      expect(attempts.map(({ startedAt }) => startedAt - noon)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
      expect(attempts[0]).toEqual(newAttempt({ ref: attemptRefOf(2), startedAt: noon + 11 }));
      expect(await state.attemptsOf(certificateKey(), Number.POSITIVE_INFINITY)).toHaveLength(12);
      expect(await state.attemptsOf(certificateKey(), 1)).toEqual(attempts.slice(0, 1));
    });

    it("leaves out Certificates whose names begin alike and other namespaces", async () => {
      const state = await makeState();
      await state.createAttempt(newAttempt({ ref: attemptRefOf(1, "www-2") }));
      await state.createAttempt(newAttempt({ ref: attemptRefOf(2, "www", "mail") }));
      expect(await state.attemptsOf(certificateKey())).toEqual([]);
    });
  });
}

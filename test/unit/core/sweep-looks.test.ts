import { expect, it } from "vitest";
import type { Deps } from "../../../core/deps.ts";
import { sweep } from "../../../core/sweep.ts";
import { memoryState } from "../../support/memory-state.ts";
import { certificateKey, newCertificate, noon, renewingCertificate } from "../../support/realistic-rows.ts";

/** A sweep at noon over rows; what it hands over, and what it decides itself. */
async function swept(rows: Parameters<typeof newCertificate>[0][]) {
  const state = memoryState();
  for (const row of rows) await state.putCertificate(newCertificate(row));
  const looks: string[][] = [];
  const decided: string[] = [];
  const deps = {
    clock: { now: () => new Date(noon) },
    state,
    policy: {},
    requests: {
      getMany: async (keys: { name: string }[]) => {
        decided.push(...keys.map(({ name }) => name));
        throw new Error("this test decides nothing");
      },
    },
    starter: { checkCertificates: async (keys: { name: string }[]) => void looks.push(keys.map(({ name }) => name)) },
  } as unknown as Deps;
  await sweep(deps).catch(() => {});
  return { looks, decided };
}

const { issued } = renewingCertificate();
const row = (name: string, more: object) => ({ key: certificateKey(name), dueAt: noon - 1, ...more });
const looked = Array.from({ length: 120 }, (_, index) => row(`looked-${index}`, { issued, lane: "new" }));

it("looks go to check-certificates, at most 50 in a call, and none is decided on", async () => {
  const { looks, decided } = await swept(looked);
  expect(looks.map(({ length }) => length).sort((a, b) => a - b)).toEqual([20, 50, 50]);
  expect(new Set(looks.flat()).size).toBe(120);
  expect(decided).toEqual([]);
});

it("thousands of looks that are overdue keep no first issuance waiting", async () => {
  const many = Array.from({ length: 2_000 }, (_, index) =>
    row(`looked-${index}`, { issued, lane: "new", dueAt: noon - 9 }),
  );
  const { decided } = await swept([...many, row("first", { lane: "new" })]);
  expect(decided).toEqual(["first"]);
});

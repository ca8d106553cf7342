import { beforeEach, describe, expect, it } from "vitest";
import type { Deps } from "../../../core/deps.ts";
import { type Look, noteLook, type Working } from "../../../core/look.ts";
import type { CertificateRow, EventRow } from "../../../core/rows.ts";
import { memoryState } from "../../support/memory-state.ts";
import { askedCertificate, noon } from "../../support/realistic-rows.ts";

const halfHour = 1_800_000;
let state: ReturnType<typeof memoryState>;
let told: EventRow[];
let deps: Deps;
let seen: Working;

const learnt: Look = {
  change: (row) => ({ ...row, ari: { ...row.ari, nextCheckAt: noon + halfHour } }),
  events: [{ type: "Normal", reason: "RenewalSuggested", message: "news" }],
};

beforeEach(async () => {
  state = memoryState();
  told = [];
  state.addEvent = async (event) => void told.push(event);
  deps = { state, clock: { now: () => new Date(noon) }, log: () => {} } as unknown as Deps;
  await state.putCertificate(askedCertificate({ version: 0 }));
  seen = (await state.certificate(askedCertificate().key)) as Working;
});

/** Somebody else writes the row between the look and the note. */
const meanwhile = async (change: Partial<CertificateRow>) => {
  await state.putCertificate({ ...seen, ...change });
  await noteLook(deps, seen, learnt);
  return state.certificate(seen.key);
};

describe("what a look has learnt", () => {
  it("is written with the instant of the next look, and told", async () => {
    await noteLook(deps, seen, learnt);
    expect(await state.certificate(seen.key)).toMatchObject({ dueAt: noon + halfHour, lane: "new" });
    expect(told.map(({ reason }) => reason)).toEqual(["RenewalSuggested"]);
  });

  it("is written over what has nothing to do with it, and keeps that", async () => {
    const row = await meanwhile({ renewRequestedAt: "2026-11-22T11:00:00Z" });
    expect(row).toMatchObject({ dueAt: noon + halfHour, renewRequestedAt: "2026-11-22T11:00:00Z" });
  });

  it.each<[string, Partial<CertificateRow> | "another"]>([
    ["is of another certificate", "another"],
    ["waits for something else", { dueAt: noon + 60_000, lane: "renew" }],
    ["waits for another look", { dueAt: noon + 60_000 }],
    ["is gone", { deletedAt: noon }],
  ])("is dropped, and not told, when the row %s by now", async (_sentence, change) => {
    const next = change === "another" ? { issued: { ...seen.issued, fingerprint: "ff" } } : change;
    expect(await meanwhile(next)).toMatchObject(next);
    expect((await state.certificate(seen.key))?.ari?.nextCheckAt).toBe(seen.ari?.nextCheckAt);
    expect(told).toEqual([]);
  });

  it("is not lost when nobody can be told", async () => {
    state.addEvent = () => Promise.reject(new Error("away"));
    await noteLook(deps, seen, learnt);
    expect(await state.certificate(seen.key)).toMatchObject({ dueAt: noon + halfHour });
  });
});

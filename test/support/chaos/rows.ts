import { describe, it } from "vitest";

declare module "vitest" {
  interface TaskMeta {
    /** A row of the fault table; `seen` once it passed. */
    chaos?: { heading: string; fault: string; expected: string; seen?: string };
  }
}

/** One case: what is done to the pipeline, and what must follow. */
export interface ChaosRow {
  /** What is broken, in a few words; unique under its heading. */
  fault: string;
  /** What must follow, in one plain sentence. */
  expected: string;
  /** Part of `npm test` too. */
  quick?: boolean;
  /** Breaks it, looks, throws when what follows is wrong; answers in a few words what was seen, with counts. */
  run(): Promise<string>;
}

/** `npm run chaos` sets it; without it only the quick rows run. */
const all = process.env.CHAOS === "all";

/**
 * A part of the fault table; its rows run side by side unless they would disturb each other, and `beside` those of the tables
 * next to it. A file has at least one quick row.
 */
export function chaosTable(
  heading: string,
  rows: ChaosRow[],
  { oneByOne = false, beside = false }: { oneByOne?: boolean; beside?: boolean } = {},
): void {
  const wanted = rows.filter(({ quick }) => all || quick);
  const table = beside ? describe.concurrent : describe;
  // Vitest refuses a suite without tests.
  if (wanted.length === 0) return;
  table(heading, () => {
    for (const { fault, expected, run } of wanted) {
      const test = oneByOne ? it : it.concurrent;
      test(fault, { timeout: 600_000 }, async ({ task }) => {
        task.meta.chaos = { heading, fault, expected };
        task.meta.chaos.seen = await run();
      });
    }
  });
}

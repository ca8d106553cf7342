import { describe, expect, it } from "vitest";
import { revisionsOf } from "../../../core/history.ts";
import type { AttemptOutcome, AttemptRow } from "../../../core/rows.ts";
import { attemptRefOf, certificateKey, newAttempt, noon, renewingCertificate } from "../../support/realistic-rows.ts";

type End = AttemptOutcome["result"] | "open";

/** Attempt number `id` started at the `id`-th minute. */
function attempt(id: number, end: End, revision?: number): AttemptRow {
  const at = noon + id * 60_000;
  const outcome = end === "open" ? {} : { outcome: { result: end, reason: "", message: "", at } };
  return newAttempt({ ref: attemptRefOf(id), startedAt: at, ...outcome, ...(revision ? { revision } : {}) });
}

/** A Certificate whose attempt number `id` made what is in use. */
function using(id: number, revision: number) {
  const { issued, ...row } = renewingCertificate({ key: certificateKey(), revision });
  return { ...row, issued: { ...(issued as NonNullable<typeof issued>), attemptId: attemptRefOf(id).attemptId } };
}

const shown = (row: Parameters<typeof revisionsOf>[0], attempts: AttemptRow[]) =>
  revisionsOf(row, attempts).map(({ revision, attemptId, current, attempt: found }) => [
    revision,
    Number(attemptId.slice(-12)),
    ...(current ? ["current"] : []),
    ...(found ? [] : ["gone"]),
  ]);

describe("revisionsOf", () => {
  it.each<[string, Parameters<typeof revisionsOf>[0], AttemptRow[], unknown[]]>([
    ["of what State does not know: none", undefined, [attempt(1, "failed", 1)], []],
    [
      "newest first, however they lie",
      using(3, 3),
      [attempt(2, "issued", 2), attempt(3, "issued", 3), attempt(1, "issued", 1)],
      [
        [3, 3, "current"],
        [2, 2],
        [1, 1],
      ],
    ],
    [
      "without those that ended in another way, whose number a later one got",
      using(5, 2),
      [attempt(1, "issued", 1), attempt(2, "failed", 2), attempt(3, "superseded", 2), attempt(5, "issued", 2)],
      [
        [2, 5, "current"],
        [1, 1],
      ],
    ],
    [
      "without the one in hand, and what failed since",
      using(1, 1),
      [attempt(1, "issued", 1), attempt(2, "failed", 2), attempt(3, "open", 2)],
      [[1, 1, "current"]],
    ],
    [
      "with who died after the status was written: it has no outcome",
      using(2, 2),
      [attempt(1, "open", 1), attempt(2, "open", 2)],
      [
        [2, 2, "current"],
        [1, 1],
      ],
    ],
    [
      "without who died before another took its number",
      using(2, 1),
      [attempt(1, "open", 1), attempt(2, "issued", 1)],
      [[1, 2, "current"]],
    ],
    [
      "by their order, where rows of before have no number",
      using(4, 7),
      [attempt(1, "issued"), attempt(2, "failed"), attempt(3, "issued"), attempt(4, "issued", 7), attempt(0, "open")],
      [
        [7, 4, "current"],
        [6, 3],
        [5, 1],
      ],
    ],
    [
      "also where the row of the current one is gone",
      using(9, 4),
      [attempt(8, "issued", 3)],
      [
        [4, 9, "current", "gone"],
        [3, 8],
      ],
    ],
    [
      "not of a Certificate of the same name that was deleted long ago",
      using(3, 1),
      [attempt(1, "issued", 5), attempt(2, "issued", 6), attempt(3, "issued", 1)],
      [[1, 3, "current"]],
    ],
    [
      "not of it either where the new one has come to its numbers",
      using(4, 2),
      [attempt(1, "issued", 1), attempt(2, "issued", 2), attempt(3, "issued", 1), attempt(4, "issued", 2)],
      [
        [2, 4, "current"],
        [1, 3],
      ],
    ],
  ])("%s", (_, row, attempts, wanted) => {
    expect(shown(row, attempts)).toEqual(wanted);
  });
});

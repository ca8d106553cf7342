import { describe, expect, it } from "vitest";
import { agendaOf, type nameOf, progressOf } from "../../../../../core/kubernetes/agenda.ts";
import type { MirrorRow } from "../../../../../core/kubernetes/rows.ts";
import { type Partition, partitionOf } from "../../../../../core/kubernetes/run.ts";

const now = 1_000;

function partition(...rows: (Pick<MirrorRow, "dueAt" | "failures"> & { name: string })[]): Partition {
  const mirrors = rows.map(({ name, ...row }) => ({
    ...{ cluster: "prod", certificate: { namespace: "web", name }, schema: 1, version: 1 },
    ...row,
  }));
  return partitionOf({ mirrors, reloads: [], bundles: [] });
}

const names = (all: Parameters<typeof nameOf>[0][]) => all.map((item) => item.id.slice(4));

describe("what is looked at", () => {
  it("is what is due, oldest first, what failed before last, and then what a drift check asks for", () => {
    const all = partition(
      { name: "failed", dueAt: 1, failures: 3 },
      { name: "new", dueAt: 900 },
      { name: "old", dueAt: 100 },
      { name: "waits", dueAt: 2_000, failures: 1 },
      { name: "b" },
      { name: "a" },
    );
    expect(names(agendaOf(all, { now, limit: 10, drift: undefined }).items)).toEqual(["old", "new", "failed"]);
    const { items } = agendaOf(all, { now, limit: 10, drift: { after: undefined } });
    expect(names(items)).toEqual(["old", "new", "failed", "a", "b"]);
    expect(items.map((item) => item.what === "mirror" && item.look)).toEqual([true, true, true, false, false]);
  });

  it("is looked at once", () => {
    const all = partition({ name: "a", dueAt: 1 }, { name: "b", dueAt: 2 });
    all.visited.add("mirror/web/a");
    expect(names(agendaOf(all, { now, limit: 10, drift: { after: undefined } }).items)).toEqual(["b"]);
  });

  const progress: [
    title: string,
    limit: number,
    visited: string[],
    after: string | undefined,
    stands: string | undefined,
  ][] = [
    ["all of it", 10, ["a", "b", "c"], undefined, undefined],
    ["as many as fit", 2, ["a", "b"], undefined, "mirror/web/b"],
    ["the rest", 10, ["c"], "mirror/web/b", undefined],
    ["cut off in the middle", 10, ["a", "c"], undefined, "mirror/web/a"],
    ["cut off at once", 10, [], "mirror/web/a", "mirror/web/a"],
    ["never begun", 10, [], undefined, ""],
  ];
  it.each(progress)("a drift check that looked at %s", (_title, limit, visited, after, stands) => {
    const all = partition({ name: "a" }, { name: "b" }, { name: "c" });
    const agenda = agendaOf(all, { now, limit, drift: { after } });
    for (const name of visited) all.visited.add(`mirror/web/${name}`);
    expect(progressOf(agenda, all, after)).toBe(stands);
  });
});

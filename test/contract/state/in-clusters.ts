import { describe, expect, it } from "vitest";
import type { ClusterRows } from "../../../core/kubernetes/rows.ts";
import type { State } from "../../../core/ports.ts";
import { newMirror, newPlacedBundle, newReload } from "../../support/kubernetes-rows.ts";
import { noon } from "../../support/realistic-rows.ts";
import { type MakeState, times } from "./make.ts";

const certificate = { namespace: "web", name: "www" };
const later = new Date(noon + 5_000);

type Family = "mirrors" | "reloads" | "bundles";

/** The three families behave alike: make one of a version, put it, delete it. */
const families: [Family, (state: State) => Writers][] = [
  ["mirrors", (state) => writers(newMirror, state.putMirror, state.deleteMirror)],
  ["reloads", (state) => writers(newReload, state.putReload, state.deleteReload)],
  ["bundles", (state) => writers(newPlacedBundle, state.putPlacedBundle, state.deletePlacedBundle)],
];

interface Writers {
  row(version: number): object;
  put(version: number): Promise<string>;
  delete(version: number): Promise<string>;
}

function writers<Row extends object>(
  make: (changes: { version: number }) => Row,
  put: (row: Row) => Promise<string>,
  remove: (row: Row) => Promise<string>,
): Writers {
  return {
    row: (version) => make({ version }),
    put: (version) => put(make({ version })),
    delete: (version) => remove(make({ version })),
  };
}

/** What lies in the partition of a cluster. */
export function testInClusters(makeState: MakeState): void {
  describe.each(families)("%s of a cluster", (family, writersOf) => {
    const nothing: ClusterRows = { mirrors: [], reloads: [], bundles: [] };

    it("give back every field of a row, one version further, in their own family", async () => {
      const state = await makeState();
      expect(await writersOf(state).put(0)).toBe("saved");
      const rows = await state.clusterRows("prod-eu");
      expect(rows).toEqual({ ...nothing, [family]: [writersOf(state).row(1)] });
    });

    it("are saved and deleted by the version that was read", async () => {
      const state = await makeState();
      const row = writersOf(state);
      expect([await row.put(1), await row.put(0), await row.put(0), await row.put(1)]).toEqual([
        "conflict",
        "saved",
        "conflict",
        "saved",
      ]);
      expect(await row.delete(1)).toBe("conflict");
      expect(await state.clusterRows("prod-eu")).toEqual({ ...nothing, [family]: [row.row(2)] });
      expect(await row.delete(2)).toBe("saved");
      expect(await row.delete(2)).toBe("conflict");
      expect(await state.clusterRows("prod-eu")).toEqual(nothing);
    });
  });

  describe("wakeMirror and wakePlacedBundle", () => {
    it("make the row when there is none, once for many", async () => {
      const state = await makeState();
      await Promise.all(times(5, () => state.wakeMirror("prod-eu", certificate, later)));
      await state.wakePlacedBundle("prod-eu", "roots", later);
      const made = { cluster: "prod-eu", schema: 1, dueAt: later.getTime() };
      expect(await state.clusterRows("prod-eu")).toEqual({
        mirrors: [{ ...made, certificate, version: 5 }],
        reloads: [],
        bundles: [{ ...made, bundle: "roots", version: 1 }],
      });
    });

    it("make a row due and raise its version, so that who works on it cannot put it as done", async () => {
      const state = await makeState();
      await state.putMirror(newMirror());
      await state.putPlacedBundle(newPlacedBundle());
      await state.wakeMirror("prod-eu", certificate, later);
      await state.wakePlacedBundle("prod-eu", "roots", later);
      expect(await state.putMirror(newMirror({ version: 1 }))).toBe("conflict");
      expect(await state.putPlacedBundle(newPlacedBundle({ version: 1 }))).toBe("conflict");
      const { mirrors, bundles } = await state.clusterRows("prod-eu");
      expect(mirrors).toEqual([newMirror({ version: 2, dueAt: later.getTime() })]);
      expect(bundles).toEqual([newPlacedBundle({ version: 2, dueAt: later.getTime() })]);
    });

    it("put nothing into the due index: the Cluster's row is there", async () => {
      const state = await makeState();
      await state.wakeMirror("prod-eu", certificate, later);
      await state.putReload(newReload());
      expect(await state.due(later, 10)).toEqual([]);
    });
  });

  describe("clusterRows", () => {
    it("answers all pages of one cluster's partition", async () => {
      const state = await makeState();
      const name = (index: number) => `c-${String(index).padStart(3, "0")}`;
      const message = "m".repeat(4_000);
      const synced = { ...newMirror().synced, message } as NonNullable<ReturnType<typeof newMirror>["synced"]>;
      const mirrors = times(300, (index) =>
        newMirror({ certificate: { namespace: "web", name: name(index) }, synced }),
      );
      await Promise.all(mirrors.map((row) => state.putMirror(row)));
      await state.putMirror(newMirror({ cluster: "prod-eu-2" }));
      const rows = await state.clusterRows("prod-eu");
      expect(rows.mirrors.map((row) => row.certificate.name)).toEqual(times(300, name));
      expect((await state.clusterRows("none")).mirrors).toEqual([]);
    });

    it("tells the same name in two namespaces apart, and keeps a field that it does not know", async () => {
      const state = await makeState();
      const web = { ...newMirror(), addedLater: "kept" };
      await state.putMirror(web);
      await state.putMirror(newMirror({ certificate: { namespace: "mail", name: "www" } }));
      const { mirrors } = await state.clusterRows("prod-eu");
      expect(mirrors).toEqual([
        newMirror({ certificate: { namespace: "mail", name: "www" }, version: 1 }),
        { ...web, version: 1 },
      ]);
    });
  });
}

import { describe, expect, it } from "vitest";
import type { ClusterRow } from "../../../core/kubernetes/rows.ts";
import { bundleKey, busyCluster, clusterKey, newBundle, newCluster, newTarget } from "../../support/kubernetes-rows.ts";
import { certificateKey, newCertificate, newIssuer, noon } from "../../support/realistic-rows.ts";
import { type MakeState, times } from "./make.ts";

const later = new Date(noon + 5_000);

/** The rows of Clusters and Bundles, and the targets of Certificates. */
export function testKubernetes(makeState: MakeState): void {
  describe("clusters", () => {
    it("gives back every field of a row, one version further, and undefined for none", async () => {
      const state = await makeState();
      expect(await state.cluster(clusterKey())).toBeUndefined();
      expect(await state.putCluster(busyCluster())).toBe("saved");
      expect(await state.cluster(clusterKey())).toEqual(busyCluster({ version: 1 }));
      expect(await state.clusters()).toEqual([busyCluster({ version: 1 })]);
    });

    it("saves a row of the version that was read and refuses every other, and removes what it leaves out", async () => {
      const state = await makeState();
      expect(await state.putCluster(busyCluster({ version: 1 }))).toBe("conflict");
      expect(await state.putCluster(busyCluster())).toBe("saved");
      expect(await state.putCluster(busyCluster())).toBe("conflict");
      expect(await state.putCluster(newCluster({ version: 1 }))).toBe("saved");
      expect(await state.cluster(clusterKey())).toEqual(newCluster({ version: 2 }));
    });

    it("lists all but tombstones by name, also one that is being deleted, and nothing that lies between them", async () => {
      const state = await makeState();
      const named = (name: string, changes: Partial<ClusterRow> = {}) =>
        newCluster({ key: clusterKey(name), ...changes });
      await state.putCluster(named("b"));
      await state.putCluster(named("a.b", { deletedAt: noon }));
      await state.putCluster(named("gone", { deletedAt: noon, expiresAt: 1_900_000_000 }));
      await state.putCluster(named("a"));
      await state.addEvent({ key: clusterKey("a"), at: noon, type: "Normal", reason: "Ready", message: "m" });
      await state.putBundle(newBundle());
      await state.putIssuer(newIssuer());
      await state.wakeMirror("a", { namespace: "web", name: "www" }, later);
      expect((await state.clusters()).map(({ key }) => key)).toEqual([
        clusterKey("a"),
        clusterKey("a.b"),
        clusterKey("b"),
      ]);
      expect((await state.bundles()).map(({ key }) => key)).toEqual([bundleKey()]);
    });

    it("wakes one: it is due, its version is raised, all else stays", async () => {
      const state = await makeState();
      await state.putCluster(busyCluster());
      await state.wakeCluster("prod-eu", later);
      expect(await state.cluster(clusterKey())).toEqual(busyCluster({ version: 2, dueAt: later.getTime() }));
      expect(await state.putCluster(newCluster({ version: 1 }))).toBe("conflict");
      const due = { what: "kubernetes", key: clusterKey(), dueAt: later.getTime(), lane: "renew" };
      expect(await state.due(later, 10)).toEqual([due]);
    });

    it("wakes one that had nothing to do, and neither a tombstone nor one that is not there", async () => {
      const state = await makeState();
      const buried = newCluster({ key: clusterKey("gone"), deletedAt: noon, expiresAt: 1_900_000_000 });
      await state.putCluster(newCluster());
      await state.putCluster(buried);
      for (const name of ["prod-eu", "gone", "never"]) await state.wakeCluster(name, later);
      expect(await state.due(later, 10)).toMatchObject([{ key: clusterKey() }]);
      expect(await state.cluster(clusterKey("gone"))).toEqual({ ...buried, version: 1 });
      expect(await state.cluster(clusterKey("never"))).toBeUndefined();
    });

    it("counts every one of many who wake one at once", async () => {
      const state = await makeState();
      await state.putCluster(newCluster());
      await Promise.all(times(10, () => state.wakeCluster("prod-eu", later)));
      expect((await state.cluster(clusterKey()))?.version).toBe(11);
    });

    it("hands on a row of a later schema as it is, and keeps a field that it does not know", async () => {
      const state = await makeState();
      const next = { ...newCluster({ schema: 99 }), generation: "seven" } as unknown as ClusterRow;
      const added = { ...newCluster({ key: clusterKey("b") }), addedLater: { a: [1, "two"] } };
      await state.putCluster(next);
      await state.putCluster(added);
      expect(await state.clusters()).toEqual([
        { ...added, version: 1 },
        { ...next, version: 1 },
      ]);
    });
  });

  describe("bundles", () => {
    it("gives back every field of a row, saved by version", async () => {
      const state = await makeState();
      expect(await state.bundle(bundleKey())).toBeUndefined();
      expect(await state.putBundle(newBundle({ version: 4 }))).toBe("conflict");
      expect(await state.putBundle(newBundle())).toBe("saved");
      expect(await state.putBundle(newBundle())).toBe("conflict");
      expect(await state.bundle(bundleKey())).toEqual(newBundle({ version: 1 }));
      const { spec, stored, ...rest } = newBundle({ version: 1 });
      expect(await state.putBundle(rest)).toBe("saved");
      expect(await state.bundles()).toEqual([{ ...rest, version: 2 }]);
    });

    it("is due among the renewals, before first issuances", async () => {
      const state = await makeState();
      const { dueAt, ...idle } = newBundle({ key: bundleKey("idle") });
      await state.putCertificate(newCertificate({ lane: "new", dueAt: noon - 1_000 }));
      await state.putCertificate(newCertificate({ key: certificateKey("old"), lane: "renew", dueAt: noon - 1 }));
      await state.putBundle(newBundle());
      await state.putBundle(idle);
      await state.putCluster(newCluster({ dueAt: noon - 2 }));
      const due = await state.due(new Date(noon), 10);
      expect(due.map((one) => ("key" in one ? [one.what, one.lane, one.key.name] : one))).toEqual([
        ["kubernetes", "renew", "prod-eu"],
        ["certificate", "renew", "old"],
        ["kubernetes", "renew", "roots"],
        ["certificate", "new", "www"],
      ]);
      expect(await state.smallestMargin(new Date(noon), new Date(noon + 1))).toBeUndefined();
    });
  });

  describe("targets", () => {
    it("gives back every field, by cluster, of one Certificate only", async () => {
      const state = await makeState();
      const other = newTarget({ certificate: { namespace: "web", name: "www-2" } });
      await state.putTarget(newTarget({ cluster: "prod-us" }));
      await state.putTarget(newTarget());
      await state.putTarget(other);
      await state.putTarget(newTarget({ certificate: { namespace: "mail", name: "www" } }));
      expect(await state.targetsOf({ namespace: "web", name: "www" })).toEqual([
        newTarget(),
        newTarget({ cluster: "prod-us" }),
      ]);
      expect(await state.targetsOf({ namespace: "web", name: "none" })).toEqual([]);
    });

    it("replaces one, and deletes one, also when it is not there", async () => {
      const state = await makeState();
      const { secret, revision, reloaded, nextTryAt, ...bare } = newTarget();
      const certificate = { namespace: "web", name: "www" };
      await state.putTarget(newTarget());
      await state.putTarget(bare);
      expect(await state.targetsOf(certificate)).toEqual([bare]);
      await state.deleteTarget(certificate, "prod-eu");
      await state.deleteTarget(certificate, "prod-eu");
      expect(await state.targetsOf(certificate)).toEqual([]);
    });

    it("is no attempt and no event of its Certificate", async () => {
      const state = await makeState();
      await state.putTarget(newTarget());
      expect(await state.attemptsOf(certificateKey())).toEqual([]);
      expect(await state.events(certificateKey(), 10)).toEqual([]);
    });
  });
}

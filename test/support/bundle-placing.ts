import { expect } from "vitest";
import { placeBundle } from "../../core/kubernetes/bundles/place-bundle.ts";
import type { BundleRow, PlacedBundleRow } from "../../core/kubernetes/rows.ts";
import { bundleWorld, clusterWith, placedIn } from "./bundle-world.ts";
import { fakeKubernetes } from "./fake-kubernetes.ts";

/** Selects the namespaces that openPlacing makes. */
export const selected = { namespaceSelector: { matchLabels: { trust: "yes" }, matchExpressions: [] } };

export type Placing = Awaited<ReturnType<typeof openPlacing>>;

/** The Bundle `roots` in a cluster in memory, with these namespaces and `cert-manager`. */
export async function openPlacing({ now, namespaces }: { now: Date; namespaces: string[] }) {
  const world = bundleWorld({ now });
  const cluster = fakeKubernetes();
  for (const namespace of namespaces) cluster.addNamespace(namespace, { trust: "yes" });
  cluster.addNamespace("cert-manager");
  await world.state.wakePlacedBundle("prod-eu", "roots", now);
  const row = () => placedIn(world.state);
  const configMap = (namespace: string) => cluster.object({ kind: "ConfigMap", namespace, name: "roots" });
  const its = {
    ...{ world, cluster, clusterRow: clusterWith(), row, configMap },
    dataIn: (namespace: string) => configMap(namespace)?.data as Record<string, string> | undefined,
    writes: () => cluster.calls.filter(({ verb }) => ["apply", "patch", "delete"].includes(verb)),
    /** Places it and keeps the row, as the worker of a cluster does. */
    place: async (bundle: BundleRow | undefined): Promise<PlacedBundleRow | "gone"> => {
      const placed = await row();
      if (!placed) return "gone";
      const next = await placeBundle(world.deps, cluster.kubernetes, { cluster: its.clusterRow, bundle, placed });
      const kept = next === "gone" ? world.state.deletePlacedBundle(placed) : world.state.putPlacedBundle(next);
      expect(await kept).toBe("saved");
      return next;
    },
    placed: async (bundle: BundleRow | undefined): Promise<PlacedBundleRow> => {
      const next = await its.place(bundle);
      if (next === "gone") throw new Error("it is gone");
      return next;
    },
  };
  return its;
}

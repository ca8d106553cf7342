import { beforeEach, describe, expect, it } from "vitest";
import { RefusedError } from "../../../core/errors.ts";
import type { TargetStatus } from "../../../core/kubernetes/rows.ts";
import { clusterNamespace } from "../../../core/resource.ts";
import { clusterSpec, putCluster, requestOf, synced } from "./kubernetes-objects.ts";
import { makeWorld, noon, putRow, readyRow, request, type World } from "./world.ts";

let world: World;
beforeEach(() => {
  world = makeWorld();
});

const targets = (names: string) => ({ annotations: { "certwright.dev/targets": names } });

async function tell(cluster: string, more: Partial<TargetStatus> = {}) {
  const certificate = { namespace: "default", name: "web" };
  await world.state.putTarget({ certificate, cluster, synced: synced("True", "Synced", "as it should be"), ...more });
}

async function part(): Promise<string | undefined> {
  return /Targets:[\s\S]*?(?=\n\n)/.exec((await world.run("describe certificate web")).out)?.[0];
}

describe("the targets of a Certificate", () => {
  it("are not mentioned when there are none", async () => {
    await putRow(world, readyRow("web", await request(world, "web")));
    expect(await part()).toBeUndefined();
  });

  it("are shown with what each cluster says", async () => {
    await putRow(world, readyRow("web", await request(world, "web")));
    const reloaded = (status: "True" | "False", reason: string, message: string) =>
      ({ ...synced(status, reason, message), type: "Reloaded" }) as const;
    await tell("a", {
      secret: "web/web-tls",
      revision: 3,
      reloaded: reloaded("True", "Reloaded", "2 workloads restarted"),
    });
    await tell("b", {
      secret: "web/web-tls",
      revision: 2,
      reloaded: reloaded("False", "ReloadStopped", "Deployment/x is not available"),
    });
    await tell("c", { synced: synced("False", "QuotaExceeded", "10 of 10 used"), nextTryAt: noon + 600_000 });
    expect(await part()).toBe(`Targets:
  CLUSTER   SYNCED   REASON          SECRET        REVISION   RELOADED        NEXT-TRY   MESSAGE
  a         True     Synced          web/web-tls   3          Reloaded        -          as it should be
  b         True     Synced          web/web-tls   2          ReloadStopped   -          as it should be; Deployment/x is not available
  c         False    QuotaExceeded   <none>        -          -               in 10m     10 of 10 used`);
  });

  it("say that a Cluster that is named does not exist, and which one has nothing yet", async () => {
    await putCluster(world, "lab", await requestOf(world, "Cluster", "lab", clusterSpec));
    await putRow(world, readyRow("web", await request(world, "web", targets("lab, typo,a"))));
    await tell("a");
    const shown = await part();
    expect(shown).toMatch(/\n {2}a +True/);
    expect(shown).toMatch(/\n {2}lab +Unknown +Pending/);
    expect(shown).toMatch(/\n {2}typo +False +ClusterNotFound .* names a Cluster that does not exist$/);
  });

  it("are read from the field, too", async () => {
    const spec = { secretName: "web-tls", targets: [{ cluster: "typo" }] };
    await putRow(world, readyRow("web", await request(world, "web", { spec })));
    expect(await part()).toMatch(/\n {2}typo +False +ClusterNotFound/);
  });

  it("are told to a tenant, who may not read where Clusters live", async () => {
    await putRow(world, readyRow("web", await request(world, "web", targets("lab"))));
    const { get } = world.requests;
    world.installation.requests.get = async (key) => {
      if (key.namespace === clusterNamespace)
        throw new RefusedError({ reason: "RequestsAccessDenied", message: "not authorized" });
      return get(key);
    };
    const { code, out } = await world.run("describe certificate web");
    expect(code).toBe(0);
    expect(out).toMatch(/\n {2}lab +Unknown +Pending .* nothing was mirrored there yet\n/);
  });

  it("any other failure to read is one", async () => {
    await putRow(world, readyRow("web", await request(world, "web", targets("lab"))));
    const { get } = world.requests;
    world.installation.requests.get = async (key) => {
      if (key.namespace === clusterNamespace) throw new RefusedError({ reason: "RequestsTableMissing", message: "x" });
      return get(key);
    };
    expect(await world.run("describe certificate web")).toMatchObject({ code: 1 });
  });
});

describe("wait --for=condition=Synced", () => {
  const wait = () => world.run("wait certificate/web --for=condition=Synced --timeout=2s");

  it("waits until every cluster has the present revision", async () => {
    await putRow(world, readyRow("web", await request(world, "web", targets("a,b")), { revision: 2 }));
    await tell("a", { revision: 1 });
    world.meanwhile.push(() => tell("a", { revision: 2 }));
    world.meanwhile.push(() => tell("b", { synced: synced("False", "QuotaExceeded", "10 of 10 used") }));
    world.meanwhile.push(() => tell("b", { revision: 2 }));
    const { code, out, err } = await wait();
    expect({ code, out }).toEqual({ code: 0, out: "certificate/web condition met" });
    expect(err.split("\n").map((line) => line.trim())).toEqual([
      "0.0s  certificate/web  UpToDate, Pending",
      "1.0s  certificate/web  UpToDate, QuotaExceeded",
    ]);
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ["no cluster has told", async () => undefined, "Synced is False: Pending: no cluster has it yet"],
    ["one has an older revision", () => tell("a"), "Synced is False: Pending: cluster a: revision 0 is there"],
    [
      "one refuses",
      () => tell("a", { synced: synced("False", "KubernetesForbidden", "cannot patch secrets") }),
      "Synced is False: KubernetesForbidden: cluster a: cannot patch secrets",
    ],
  ])("tells why not when %s", async (_what, happens, said) => {
    await putRow(world, readyRow("web", await request(world, "web")));
    await happens();
    const { code, err } = await wait();
    expect(code).toBe(1);
    expect(err).toContain(`timed out waiting for certificate/web, Synced=True: ${said}`);
  });

  it("tells that a Cluster that is named has nothing yet", async () => {
    await putRow(world, readyRow("web", await request(world, "web", targets("lab"))));
    expect((await wait()).err).toContain("cluster lab: nothing was mirrored there yet");
  });

  it("is not met by an older certificate after an edit", async () => {
    await request(world, "web");
    await putRow(world, readyRow("web", "an older hash"));
    await tell("a", { revision: 1 });
    expect((await wait()).err).toContain("certwright has not yet decided on what it says now");
  });

  it("is refused for other kinds", async () => {
    const { code, err } = await world.run("wait cluster/lab --for=condition=Synced");
    expect(code).toBe(2);
    expect(err).toContain("only Certificates are Synced, not cluster/lab");
  });
});

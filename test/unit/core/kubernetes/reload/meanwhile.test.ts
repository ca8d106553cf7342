import { beforeEach, describe, expect, it } from "vitest";
import { numbered, one, reloadBed, templated } from "./workload.ts";

let bed: ReturnType<typeof reloadBed>;
beforeEach(() => {
  bed = reloadBed();
});

const message = () => bed.row.reloaded?.message;

describe("what a workload does meanwhile", () => {
  it("gone before its turn: it is done", async () => {
    bed.add(...numbered(3));
    await bed.advance(one);
    bed.fake.remove({ kind: "Deployment", namespace: "web", name: "d02" });
    bed.settle();
    await bed.advance(one);
    expect(bed.states()).toEqual(["d01: available", "d02: available", "d03: restarting"]);
  });

  it("being deleted: it is left alone", async () => {
    bed.add(...numbered(2));
    bed.fake.edit(
      { kind: "Deployment", namespace: "web", name: "d01" },
      { metadata: { deletionTimestamp: "2026-11-22T12:00:00Z" } },
    );
    expect(await bed.run()).toEqual([["d02"]]);
    expect(bed.states()).toEqual(["d02: available"]);
  });

  it("gone between list and patch: it is done, and the next one's turn comes at once", async () => {
    bed.add(...numbered(2));
    bed.fake.onCall = ({ verb, name }) => {
      if (verb === "patch" && name === "d01") bed.fake.remove({ kind: "Deployment", namespace: "web", name: "d01" });
    };
    await bed.advance(one);
    expect(bed.states()).toEqual(["d01: available", "d02: restarting"]);
  });

  it.each<[string, object, string]>([
    ["opted out", { metadata: { annotations: { "certwright.dev/reload": "false" } } }, "it no longer takes part"],
    ["uses another Secret", { spec: { template: { spec: { volumes: [] } } } }, "it no longer takes part"],
    ["paused", { spec: { paused: true } }, "it is paused"],
  ])("%s before its turn: it is skipped, and said so", async (_, change, why) => {
    bed.add(...numbered(2));
    await bed.advance(one);
    bed.fake.edit({ kind: "Deployment", namespace: "web", name: "d02" }, change);
    bed.settle();
    await bed.advance(one);
    expect(message()).toBe(
      `1 workload restarted for revision 7 of Secret web/www-tls; skipped: Deployment/d02 (${why})`,
    );
    expect(bed.row.dueAt).toBeUndefined();
  });

  it("scaled to nothing: it is done without a restart, since new pods read the new Secret", async () => {
    bed.add({ name: "a", spec: { replicas: 0 } }, { name: "b" });
    expect(await bed.run(one)).toEqual([["b"]]);
    expect(message()).toBe("2 workloads restarted for revision 7 of Secret web/www-tls");
  });

  it("rolled out by somebody else: it counts once that is available", async () => {
    bed.add(...numbered(1));
    await bed.advance();
    bed.fake.edit({ kind: "Deployment", namespace: "web", name: "d01" }, templated(null));
    bed.settle();
    await bed.advance();
    expect([bed.states(), bed.patched()]).toEqual([["d01: available"], ["d01"]]);
  });

  it("only those that cannot be restarted: nothing waits", async () => {
    bed.add(
      { name: "a", spec: { paused: true } },
      { name: "b", kind: "StatefulSet", spec: { updateStrategy: { type: "OnDelete" } } },
    );
    await bed.advance();
    expect(message()).toBe(
      "no workload to restart for revision 7 of Secret web/www-tls; " +
        "skipped: Deployment/a (it is paused), StatefulSet/b (its update strategy is OnDelete)",
    );
    expect([bed.patched(), bed.row.dueAt]).toEqual([[], undefined]);
  });
});

describe("a run that dies", () => {
  it("is repeated without restarting anybody twice", async () => {
    bed.add(...numbered(3));
    const before = bed.row;
    await bed.advance();
    const generations = () => bed.fake.objects("Deployment").map(({ metadata }) => metadata.generation);
    const reached = generations();
    bed.row = before;
    await bed.advance();
    expect(bed.states()).toEqual(["d01: restarting", "d02: restarting", "d03: waiting"]);
    expect([generations(), bed.patched()]).toEqual([reached, ["d01", "d02"]]);
  });

  it("in the middle of a stage does not let more through than may be at once", async () => {
    bed.add(...numbered(4));
    const allow = bed.fake.deny({ verb: "patch", name: "d02" });
    await expect(bed.advance()).rejects.toMatchObject({ reason: "KubernetesForbidden" });
    allow();
    bed.fake.calls.length = 0;
    await bed.advance();
    expect(bed.states()).toEqual(["d01: restarting", "d02: waiting", "d03: waiting", "d04: waiting"]);
    expect(bed.patched()).toEqual([]);
  });

  it.each([
    ["unreachable", "down", "ClusterUnreachable"],
    ["busy", "busy", "ClusterBusy"],
    ["not ours to ask", "unauthorized", "CredentialsRejected"],
  ] as const)("because the apiserver is %s throws as the port does", async (_, health, reason) => {
    bed.add(...numbered(1));
    bed.fake.health = health;
    await expect(bed.advance()).rejects.toMatchObject({ reason });
  });
});

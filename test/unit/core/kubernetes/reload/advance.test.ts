import { beforeEach, describe, expect, it } from "vitest";
import type { ReloadSpec } from "../../../../../core/kubernetes/cluster.ts";
import { advanceReload } from "../../../../../core/kubernetes/reload/advance.ts";
import { everybody, noon, numbered, one, reloadBed, start, templated } from "./workload.ts";

let bed: ReturnType<typeof reloadBed>;
beforeEach(() => {
  bed = reloadBed();
});

const message = () => bed.row.reloaded?.message;

describe("the row of a reload", () => {
  it("is due at once, and knows no workload yet", () => {
    expect(bed.row).toMatchObject({ cluster: "eu", version: 0, revision: 7, startedAt: +noon, dueAt: +noon });
    expect(bed.row.workloads).toBeUndefined();
  });

  it("stays as it is when the same revision comes again", async () => {
    bed.add({ name: "a" });
    const row = await bed.advance();
    expect(start({ revision: 7, before: row, now: new Date(+noon + 1) })).toBe(row);
  });

  it.each([
    ["a newer revision", { revision: 8 }],
    ["another Secret", { revision: 7, name: "new-tls" }],
  ])("begins anew with %s, keeping version and condition", async (_, next) => {
    bed.add({ name: "a" });
    const before = { ...(await bed.advance()), version: 5, failures: 2 };
    const row = start({ ...next, before, now: new Date(+noon + 60_000) });
    expect(row).toMatchObject({
      version: 5,
      startedAt: +noon + 60_000,
      dueAt: +noon + 60_000,
      reloaded: before.reloaded,
    });
    expect([row.workloads, row.failures]).toEqual([undefined, undefined]);
  });
});

describe("who is restarted", () => {
  beforeEach(() => {
    bed.add(
      { name: "plain" },
      { name: "asks", annotations: { "certwright.dev/reload": "true" } },
      { name: "declines", annotations: { "certwright.dev/reload": "false" } },
      { name: "elsewhere", namespace: "other" },
      { name: "unconcerned", pod: { containers: [] } },
      { name: "set", kind: "StatefulSet" },
      { name: "daemons", kind: "DaemonSet", annotations: { "certwright.dev/reload": "true" } },
    );
  });

  it.each<[string, Partial<ReloadSpec>, string[]]>([
    ["all of a listed namespace, but for those that decline", {}, ["asks", "daemons", "plain", "set"]],
    ["all of every namespace with *", { namespaces: ["*"] }, ["asks", "daemons", "plain", "set"]],
    ["those that ask, where one may ask", { namespaces: [], annotatedIn: ["web"] }, ["asks", "daemons"]],
    ["those that ask, where one may ask everywhere", { namespaces: [], annotatedIn: ["*"] }, ["asks", "daemons"]],
  ])("%s", async (_, spec, names) => {
    const stages = await bed.run({ ...one, ...spec });
    expect(stages.flat().sort()).toEqual(names);
    expect(bed.fake.calls.every(({ namespace }) => namespace === "web")).toBe(true);
  });

  it("is nobody where the namespace is not listed: nothing is asked, nothing is said", async () => {
    const row = await bed.advance({ ...everybody, namespaces: ["other"], annotatedIn: ["third"] });
    expect(bed.fake.calls).toEqual([]);
    expect(row).toMatchObject({ workloads: [] });
    expect([row.dueAt, row.reloaded]).toEqual([undefined, undefined]);
  });

  it("is asked of the apiserver with list and patch only, as our field manager", async () => {
    await bed.run();
    expect(new Set(bed.fake.calls.map(({ verb }) => verb))).toEqual(new Set(["list", "patch"]));
    const patches = bed.fake.calls.filter(({ verb }) => verb === "patch");
    expect(new Set(patches.map(({ fieldManager }) => fieldManager))).toEqual(new Set(["certwright"]));
  });
});

describe("the stages", () => {
  it("take as many as may be at once, each after the last is available", async () => {
    bed.add(...numbered(5));
    expect(await bed.run()).toEqual([["d01", "d02"], ["d03", "d04"], ["d05"]]);
    expect(bed.markOf("d05")).toBe("web/www@7");
  });

  it.each([
    [30, 10, [3, 3, 3, 1]],
    [25, 10, [2, 2, 2, 2, 2]],
    [5, 3, [1, 1, 1]],
    [100, 4, [4]],
  ])("of %d percent of %d workloads are %j", async (percent, count, sizes) => {
    bed.add(...numbered(count));
    const stages = await bed.run({ ...everybody, maxConcurrent: { percent } });
    expect(stages.map(({ length }) => length)).toEqual(sizes);
  });

  it("do not go on while one of the last is not available", async () => {
    bed.add(...numbered(4));
    await bed.advance();
    bed.settle("d02");
    bed.now = new Date(+noon + 15_000);
    await bed.advance();
    expect(bed.states()).toEqual(["d01: available", "d02: restarting", "d03: waiting", "d04: waiting"]);
    expect(bed.patched()).toEqual(["d01", "d02"]);
  });

  it("look again after 15 s, and say how far they are", async () => {
    bed.add(...numbered(4));
    const row = await bed.advance();
    expect(row.dueAt).toBe(+noon + 15_000);
    expect(row.reloaded).toMatchObject({ type: "Reloaded", status: "False", reason: "Reloading" });
    expect(message()).toBe(
      "revision 7 of Secret web/www-tls: 0 of 4 workloads done, 2 wait, restarting Deployment/d01, Deployment/d02",
    );
  });

  it("end with the condition True and no dueAt", async () => {
    bed.add(...numbered(3));
    await bed.run();
    expect(bed.row.dueAt).toBeUndefined();
    expect(bed.row.reloaded).toMatchObject({ status: "True", reason: "Reloaded" });
    expect(message()).toBe("3 workloads restarted for revision 7 of Secret web/www-tls");
  });

  it("list only kinds that have something open", async () => {
    bed.add({ name: "a" }, { name: "b", kind: "StatefulSet" });
    await bed.advance(one);
    bed.settle();
    bed.fake.calls.length = 0;
    await bed.advance(one);
    expect(bed.fake.calls.map(({ verb, kind }) => `${verb} ${kind}`)).toEqual([
      "list Deployment",
      "list StatefulSet",
      "patch StatefulSet",
    ]);
    bed.settle();
    bed.fake.calls.length = 0;
    await bed.advance(one);
    expect(bed.fake.calls.map(({ kind }) => kind)).toEqual(["StatefulSet"]);
  });

  it("begin with what an earlier restart left unavailable, and end with what is broken for other reasons", async () => {
    bed.add({ name: "a-broken" }, { name: "b" }, { name: "c-ours" });
    bed.fake.edit({ kind: "Deployment", namespace: "web", name: "c-ours" }, templated("web/www@6"));
    bed.fake.setStatus({ kind: "Deployment", namespace: "web", name: "a-broken" }, { availableReplicas: 0 });
    expect(await bed.run(one)).toEqual([["c-ours"], ["b"], ["a-broken"]]);
  });
});

describe("two Secrets on one workload", () => {
  it("do not undo each other", async () => {
    const volumes = ["www-tls", "api-tls"].map((secretName) => ({ secret: { secretName } }));
    bed.add({ name: "both", pod: { volumes } });
    const world = { now: noon, fieldManager: "certwright" };
    await bed.run();
    await advanceReload(bed.fake.kubernetes, start({ revision: 3, name: "api-tls" }), everybody, world);
    bed.settle();
    expect(bed.markOf("both")).toBe("web/www@7");
    bed.row = start({ revision: 7 });
    bed.fake.calls.length = 0;
    await bed.run();
    expect(bed.patched()).toEqual([]);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { RefusedError } from "../../../../../core/errors.ts";
import { advanceReload } from "../../../../../core/kubernetes/reload/advance.ts";
import { everybody, noon, numbered, one, reloadBed, start } from "./workload.ts";

let bed: ReturnType<typeof reloadBed>;
beforeEach(() => {
  bed = reloadBed();
});

const message = () => bed.row.reloaded?.message;

describe("when one is not available in time", () => {
  beforeEach(async () => {
    bed.add(...numbered(6));
    await bed.run(everybody, "d04");
  });

  it("the stages stop, and the condition names it, how many are done and how many wait", () => {
    expect(bed.states()).toEqual([
      "d01: available",
      "d02: available",
      "d03: available",
      "d04: stuck",
      "d05: waiting",
      "d06: waiting",
    ]);
    expect(bed.row.reloaded).toMatchObject({ type: "Reloaded", status: "False", reason: "ReloadStopped" });
    expect(message()).toBe(
      "Deployment/d04 is not available 600 s after its restart (its controller has not looked at it yet); " +
        "3 of 6 workloads done, 2 wait for revision 7 of Secret web/www-tls",
    );
    expect([bed.markOf("d05"), bed.markOf("d06")]).toEqual([undefined, undefined]);
  });

  it("it is looked at every three minutes", () => {
    expect(bed.row.dueAt).toBe(+bed.now + 180_000);
  });

  it("the stages go on by themselves once it is", async () => {
    await bed.advance();
    expect(bed.row.reloaded?.reason).toBe("ReloadStopped");
    bed.settle();
    expect(await bed.run()).toEqual([["d05", "d06"]]);
    expect(bed.row.reloaded?.reason).toBe("Reloaded");
  });

  it("the stages go on once it is deleted", async () => {
    bed.fake.remove({ kind: "Deployment", namespace: "web", name: "d04" });
    expect(await bed.run()).toEqual([["d05", "d06"]]);
    expect(message()).toBe("6 workloads restarted for revision 7 of Secret web/www-tls");
  });

  it("the next revision begins anew, with that one first", async () => {
    bed.row = start({ revision: 8, before: bed.row, now: bed.now });
    bed.fake.calls.length = 0;
    await bed.advance(one);
    expect(bed.patched()).toEqual(["d04"]);
    bed.settle();
    expect((await bed.run(one)).flat()).toEqual(["d01", "d02", "d03", "d05", "d06"]);
  });
});

describe("a restart that is refused for reasons of the workload", () => {
  let refuses: string | undefined;
  beforeEach(async () => {
    bed.add(...numbered(4));
    refuses = "d01";
    const { kubernetes } = bed.fake;
    const patch: typeof kubernetes.patch = async (ref, ...rest) => {
      if (ref.name !== refuses) return kubernetes.patch(ref, ...rest);
      throw new RefusedError({ reason: "ObjectRefused", message: `denied by policy ${"x".repeat(500)}` });
    };
    const world = { now: noon, fieldManager: "certwright" };
    bed.advance = async (spec = everybody) => {
      bed.row = await advanceReload({ ...kubernetes, patch }, bed.row, spec, world);
      return bed.row;
    };
    await bed.advance();
    bed.settle();
  });

  it("stops the stages, naming it and why", async () => {
    await bed.advance();
    expect(bed.states()).toEqual(["d01: stuck", "d02: available", "d03: waiting", "d04: waiting"]);
    expect(bed.row).toMatchObject({ reloaded: { reason: "ReloadStopped" }, dueAt: +noon + 180_000 });
    expect(message()).toMatch(
      /^Deployment\/d01 cannot be restarted \(denied by policy x+\); 1 of 4 workloads done, 2 wait/,
    );
  });

  it("is tried at each look, and the stages go on when it is let through", async () => {
    refuses = undefined;
    await bed.advance();
    expect(bed.states()).toEqual(["d01: restarting", "d02: available", "d03: waiting", "d04: waiting"]);
    bed.settle();
    await bed.advance();
    expect(bed.patched()).toEqual(["d02", "d01", "d03", "d04"]);
  });
});

import { describe, expect, it } from "vitest";
import { RefusedError } from "../../../core/errors.ts";
import type { StepInput } from "../../../core/steps/run.ts";
import type { Hook, Pipeline } from "../../support/pipeline.ts";
import { openPipeline } from "../../support/pipeline.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

const untilFailed = (p: Pipeline, id: string, times: number) =>
  p.time.runUntilTrue(async () => (await p.row(id))?.failedIssuanceAttempts === times, 4 * 3_600_000);

/** A task that fails whenever it has this Certificate in hand. */
const failsFor =
  (failing: { name: string; error: string | undefined }, inTask = "ValidateChallenge"): Hook =>
  async (task, input, run) => {
    const hit = task === inTask && (input as StepInput).live.some(({ name }) => name === failing.name);
    if (hit && failing.error) throw Object.assign(new Error("m"), { name: failing.error });
    return run();
  };

const issuingOf = async (p: Pipeline, id: string) => (await p.row(id))?.issuing;

describe("a function that dies of one of three Certificates", () => {
  it("fails that one alone, and a line of class Bug says so: the alarm counts it", async () => {
    const p = await openPipeline({ hook: failsFor({ name: "b", error: "Runtime.ExitError" }) });
    for (const id of ["web/a", "web/b", "web/c"]) await p.apply(id, spec(id.slice(4)));
    await p.issuer();
    await untilFailed(p, "web/b", 1);
    await p.time.runUntilTrue(async () => (await p.ready("web/a")) && (await p.ready("web/c")));
    expect([await p.ready("web/a"), await p.ready("web/b"), await p.ready("web/c")]).toEqual([true, false, true]);
    expect(await issuingOf(p, "web/b")).toMatchObject({ status: "False", reason: "InternalError" });
    const bugs = p.logs.filter(({ errorClass }) => errorClass === "Bug");
    expect(bugs).toMatchObject([{ certificate: "web/b", step: "validate-challenge" }]);
  });

  it("ends its attempt the second time, and nothing of it is left: no record, no sealed key", async () => {
    const p = await openPipeline({ hook: failsFor({ name: "www", error: "Runtime.ExitError" }) });
    await p.issuer();
    await p.apply("web/www", spec("www"));
    await untilFailed(p, "web/www", 1);
    expect(p.dns.names()).toEqual(["_acme-challenge.www.example.test"]);
    await untilFailed(p, "web/www", 2);
    const [attempt] = await p.state.attemptsOf({ namespace: "web", kind: "Certificate", name: "www" });
    expect(attempt?.outcome).toMatchObject({ result: "failed", errorClass: "Bug" });
    await p.time.runUntil(new Date(p.time.now().getTime() + 60_000));
    expect(p.dns.names()).toEqual([]);
    expect(attempt && (await p.state.sealedKey(attempt.ref))).toBeUndefined();
  });
});

describe("a function whose rights are missing", () => {
  it("is no bug: the status has the reason, and the attempt keeps its order through any number of tries", async () => {
    const failing: { name: string; error: string | undefined } = {
      name: "www",
      error: "RefusedError.StateAccessDenied",
    };
    const p = await openPipeline({ hook: failsFor(failing) });
    await p.issuer();
    await p.apply("web/www", spec("www"));
    await untilFailed(p, "web/www", 3);
    const message = expect.stringMatching(
      /certwright-validate-challenge was refused .*; its log names the missing right/,
    );
    expect(await issuingOf(p, "web/www")).toMatchObject({ status: "False", reason: "StateAccessDenied", message });
    expect(p.logs.filter(({ errorClass }) => errorClass === "Bug")).toEqual([]);
    failing.error = undefined;
    await p.time.runUntilTrue(() => p.ready("web/www"), 4 * 3_600_000);
    expect(p.ca.orders.size).toBe(1);
  });
});

describe("an execution that may not be started", () => {
  it("gives the attempt back with the reason, and the same attempt goes on later", async () => {
    const p = await openPipeline();
    const start = p.deps.starter.startIssuance;
    p.deps.starter.startIssuance = async () => {
      throw new RefusedError({
        reason: "AccessDenied",
        message: "not allowed: states:StartExecution",
        fix: "allow it",
      });
    };
    await p.issuer();
    await p.apply("web/www", spec("www"));
    await untilFailed(p, "web/www", 1);
    const row = await p.row("web/www");
    const told = { status: "False", reason: "AccessDenied", message: "not allowed: states:StartExecution; allow it" };
    expect(row).toMatchObject({ ready: told, issuing: told, attempt: { id: expect.any(String) } });
    expect(row?.attempt?.leaseId).toBeUndefined();
    expect(((row?.dueAt ?? 0) - p.time.now().getTime()) / 1_000).toBeCloseTo(60, -1);
    p.deps.starter.startIssuance = start;
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect((await p.row("web/www"))?.issued?.attemptId).toBe(row?.attempt?.id);
  });

  it("keeps its lease when nobody knows whether it runs", async () => {
    const p = await openPipeline();
    const start = p.deps.starter.startIssuance;
    p.deps.starter.startIssuance = async (input) => {
      await start(input);
      throw new Error("the reply was lost");
    };
    await p.issuer();
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(await p.row("web/www")).toMatchObject({ revision: 1 });
    expect(p.executions).toHaveLength(1);
  });
});

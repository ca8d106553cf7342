import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod/mini";
import { done } from "../../../core/outcome.ts";
import type { StepInput } from "../../../core/steps/run.ts";
import { newAttempt, newIssuer } from "../../support/realistic-rows.ts";
import { bugsIn, environment, fakeDeps, logged } from "./fake-function.ts";

const openDeps = vi.hoisted(() => vi.fn());
vi.mock("../../../functions/runtime/deps.ts", () => ({ openDeps }));

let world: ReturnType<typeof fakeDeps>;
let lines: Record<string, unknown>[];
/** As after a cold start: a function remembers its world while it is warm. */
let runtime: typeof import("../../../functions/runtime.ts");
let errors: typeof import("../../../core/errors.ts");

beforeEach(async () => {
  world = fakeDeps();
  openDeps.mockReset().mockImplementation(() => world.deps);
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  vi.resetModules();
  runtime = await import("../../../functions/runtime.ts");
  errors = await import("../../../core/errors.ts");
  lines = logged();
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const attempt = newAttempt({ step: "prepare" });
const input: StepInput = {
  leaseId: "lease-1",
  issuer: "_cluster/ClusterIssuer/letsencrypt",
  live: [attempt.ref],
  waiting: [],
  round: 0,
  since: null,
  retryCount: 0,
};

const away = () => new errors.UnavailableError({ reason: "Away", message: "m" });

async function withAttempt(): Promise<void> {
  await world.state.putIssuer(newIssuer());
  await world.state.createAttempt(attempt);
}

describe("a handler", () => {
  const echo = () => runtime.handler("echo", z.object({ a: z.number() }), async (_deps, { a }) => a * 2);

  it("parses the event, runs, and answers", async () => {
    expect(await echo()({ a: 2, more: true })).toBe(4);
  });

  it("writes one line with its name, the outcome and the time it took", async () => {
    await echo()({ a: 2 });
    expect(lines).toEqual([{ function: "echo", outcome: "done", ms: 0 }]);
  });

  it.each([undefined, null, "a", {}, { a: "2" }])("refuses an event that it does not know: %j", async (event) => {
    await expect(echo()(event)).rejects.toThrow();
    expect(lines[0]).toMatchObject({ function: "echo", outcome: "failed" });
  });

  it("opens its world once while it is warm, with the environment and its name", async () => {
    const warm = echo();
    await warm({ a: 1 });
    await warm({ a: 1 });
    expect(openDeps).toHaveBeenCalledTimes(1);
    expect(openDeps).toHaveBeenCalledWith(expect.objectContaining({ instance: "test", busName: "test" }), "echo");
  });

  it("opens no world before it is called", () => {
    echo();
    expect(openDeps).not.toHaveBeenCalled();
  });

  it("tells its body when Lambda stops it, and without Lambda that nobody does", async () => {
    const asked = runtime.handler("asked", z.unknown(), async (_deps, _input, end) => end.getTime());
    const now = world.deps.clock.now().getTime();
    expect(await asked({}, { getRemainingTimeInMillis: () => 299_500 })).toBe(now + 299_500);
    expect(await asked({})).toBeGreaterThan(now + 1e15);
  });

  it("says which variable is missing", async () => {
    vi.stubEnv("STATE_TABLE", "");
    await expect(echo()({ a: 1 })).rejects.toThrow("STATE_TABLE");
  });
});

describe("a step that may not write what became of its attempt", () => {
  it("throws under a name that carries the reason: Step Functions hands on no more", async () => {
    await withAttempt();
    world.state.putAttempt = async () => {
      throw new errors.RefusedError({ reason: "StateAccessDenied", message: "not authorized: dynamodb:PutItem" });
    };
    const step = runtime.step("prepare", async ({ row }) => {
      row.hasRecords = true;
      return done;
    });
    await expect(step(input)).rejects.toMatchObject({
      name: "RefusedError.StateAccessDenied",
      message: "not authorized: dynamodb:PutItem",
    });
    expect(bugsIn(lines)).toBe(1);
  });
});

describe("a function that fails as a whole", () => {
  const failing = (error: unknown) =>
    runtime.handler("echo", z.unknown(), async () => {
      throw error;
    });

  it.each<[string, () => Error]>([
    ["UnavailableError", away],
    ["RefusedError", () => new errors.RefusedError({ reason: "No", message: "m" })],
    ["TypeError", () => new TypeError("m")],
  ])("throws it on under the name %s, which the state machine retries by", async (name, make) => {
    const error = make();
    await expect(failing(error)({})).rejects.toBe(error);
    expect(error.name).toBe(name);
    expect(lines[0]).toMatchObject({ function: "echo", outcome: "failed", error: name, message: "m" });
  });

  it.each<[number, string, () => unknown]>([
    [1, "what nobody expected", () => new TypeError("m")],
    [1, "what is no Error", () => "text"],
    [0, "a service that is away", away],
  ])("counts %i bug for %s", async (count, _what, make) => {
    await failing(make())({}).catch(() => undefined);
    expect(bugsIn(lines)).toBe(count);
  });

  it("counts in CloudWatch's embedded format, under the instance", async () => {
    await failing(new TypeError("m"))({}).catch(() => undefined);
    expect(lines[1]).toMatchObject({
      Instance: "test",
      BugFailures: 1,
      _aws: {
        Timestamp: Date.parse("2026-11-22T12:00:00Z"),
        CloudWatchMetrics: [
          { Namespace: "certwright", Dimensions: [["Instance"]], Metrics: [{ Name: "BugFailures", Unit: "Count" }] },
        ],
      },
    });
  });

  it("counts a bug that was only logged", async () => {
    const logging = runtime.handler("echo", z.unknown(), async (deps) => deps.log({ event: "bug" }));
    await logging({});
    expect(bugsIn(lines)).toBe(1);
  });
});

describe("a step", () => {
  it("loads what its lease owns, runs for each attempt and answers who goes on", async () => {
    await withAttempt();
    const handler = runtime.step("create-order", async () => done);
    expect(await handler(input)).toEqual({ live: [attempt.ref], waiting: [], waitUntil: null, round: 0, since: null });
    expect((await world.state.attempts([attempt.ref])).get(attempt.ref.attemptId)).toMatchObject({
      step: "create-order",
    });
  });

  it("returns at once without a live attempt", async () => {
    const run = vi.fn();
    const answer = await runtime.batchStep("publish-challenge", run)({ ...input, live: [] });
    expect(answer).toEqual({ live: [], waiting: [], waitUntil: null, round: 0, since: null });
    expect(run).not.toHaveBeenCalled();
  });

  it("touches nothing that another execution holds", async () => {
    await withAttempt();
    const run = vi.fn();
    const answer = await runtime.step("create-order", run)({ ...input, leaseId: "lease-2" });
    expect(answer).toMatchObject({ live: [] });
    expect(run).not.toHaveBeenCalled();
  });

  it("records an error as the outcome of its attempt and answers all the same", async () => {
    await withAttempt();
    const refusing = runtime.step("create-order", async () => {
      throw new errors.PermanentError({ reason: "Bad", message: "m" });
    });
    expect(await refusing(input)).toMatchObject({ live: [] });
    const row = (await world.state.attempts([attempt.ref])).get(attempt.ref.attemptId);
    expect(row?.outcome).toMatchObject({ result: "failed", errorClass: "PermanentError", reason: "Bad" });
    expect(bugsIn(lines)).toBe(0);
  });

  it("counts a bug of one attempt", async () => {
    await withAttempt();
    const broken = runtime.step("create-order", async () => {
      throw new TypeError("m");
    });
    await broken(input);
    expect(bugsIn(lines)).toBe(1);
  });

  it.each([0, 1])(
    "throws what is away for everybody on try %i, so that Step Functions repeats it",
    async (retryCount) => {
      await withAttempt();
      const handler = runtime.step("create-order", async () => {
        throw away();
      });
      await expect(handler({ ...input, retryCount })).rejects.toThrow(errors.UnavailableError);
      await expect(handler({ ...input, retryCount: 2 })).resolves.toMatchObject({ live: [] });
    },
  );

  it.each(["live", "waiting", "round", "since", "retryCount", "leaseId", "issuer"])(
    "needs %s in its event",
    async (field) => {
      const { [field as "live"]: _, ...rest } = input;
      await expect(runtime.step("create-order", async () => done)(rest)).rejects.toThrow();
    },
  );

  it("writes one line: which step, how many went on, and the certificate when it is one", async () => {
    await withAttempt();
    await runtime.step("create-order", async () => done)(input);
    expect(lines).toEqual([
      expect.objectContaining({
        function: "create-order",
        leaseId: "lease-1",
        live: 1,
        waiting: 0,
        certificate: "web/www",
        attemptId: attempt.ref.attemptId,
      }),
    ]);
  });
});

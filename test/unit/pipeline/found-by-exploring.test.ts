import { describe, expect, it } from "vitest";
import { RefusedError } from "../../../core/errors.ts";
import { nextPoll } from "../../../core/steps/poll.ts";
import type { Work } from "../../../core/steps/work.ts";
import { playAt } from "../../support/explore/explore.ts";
import type { FaultKind } from "../../support/explore/faults.ts";
import type { Scenario } from "../../support/explore/scenario.ts";
import { first, orderGone, renewal, slow, xAndWildcard } from "../../support/explore/scenarios.ts";
import { editMeanwhile } from "../../support/explore/wishes.ts";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

const minutes = (p: Pipeline, count: number) => p.time.runUntil(new Date(p.time.now().getTime() + count * 60_000));

/** Each was wrong once: what must hold is all of test/support/explore-checks.ts. */
const cases: [string, Scenario, FaultKind, string, string][] = [
  ["an attempt whose certificate was stored has issued it", first, "kill-after", "WriteSecret", "putCertificate"],
  ["what was published after the attempt had ended is removed", first, "twin", "PublishChallenge", "publish"],
  ["an older secret never comes over a newer one", editMeanwhile, "twin", "WriteSecret", "write"],
  ["a slow newOrder leaves one order in State", slow, "twin", "CreateOrder", "createOrder"],
  ["an order's challenges are its own", orderGone, "kill-before", "CreateOrder", "putChallenges"],
  ["a sweep that throws has done its work before", renewal, "fail", "sweep", "smallestMargin"],
  ["a row that State does not take hurts no neighbour", xAndWildcard, "bug", "stream", "putCertificate"],
  ["a claim that State does not take hurts no neighbour", xAndWildcard, "refuse", "PublishChallenge", "claimRecord"],
  ["a step that throws has written all other rows before", xAndWildcard, "bug", "ValidateChallenge", "putAttempt"],
];

describe("found by exploring", () => {
  it.each(cases)("%s", async (_what, scenario, kind, by, method) => {
    const nth = scenario === orderGone ? 2 : 1;
    expect(await playAt(scenario, { kind, by, method, nth })).toMatchObject({ wrong: [] });
  });

  it("records that cannot be removed are asked for every quarter of an hour, not at every sweep", async () => {
    let cleanUps = 0;
    const p = await openPipeline({
      around: async ({ name, deps }, run) => {
        if (name === "clean-up") cleanUps += 1;
        return run(deps);
      },
    });
    p.dns.cleanUp = async (records) => {
      const error = new RefusedError({ reason: "AccessDenied", message: "the role is gone" });
      return records.map((record) => ({ record, error }));
    };
    await p.issuer();
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    await minutes(p, 3 * 60);
    expect(p.dns.names()).toEqual(["_acme-challenge.www.example.test"]);
    expect(cleanUps).toBeGreaterThan(4);
    expect(cleanUps).toBeLessThan(12);
  });

  it("an order that stays pending is not asked for every few seconds for ever", () => {
    const now = new Date("2026-11-22T12:00:00Z");
    const deps = { clock: { now: () => now } } as Work["deps"];
    const seconds = (alone: boolean) => (round: number) =>
      (nextPoll({ deps, alone, round }, undefined).getTime() - now.getTime()) / 1_000;
    expect([0, 3, 10, 30, 1_000].map(seconds(true))).toEqual([1, 5, 10, 60, 60]);
    expect([0, 1, 4, 30].map(seconds(false))).toEqual([4, 6, 10, 10]);
  });
});

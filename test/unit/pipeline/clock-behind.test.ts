import { expect, it } from "vitest";
import { minute, openTimeWorld } from "../../support/chaos/time-world.ts";
import { certificateSpec } from "../../support/specs.ts";

/** How long one issuance took, ms, and which states it entered. */
async function issuance(offsetMs: number) {
  const world = await openTimeWorld({ offsetMs: () => offsetMs });
  const begun = world.p.time.now().getTime();
  await world.p.apply("web/www", certificateSpec("www"));
  await world.p.time.runUntilTrue(() => world.p.ready("web/www"));
  const took = world.p.time.now().getTime() - begun;
  await world.pass(minute);
  return { took, entered: world.p.executions.map(({ entered }) => entered) };
}

it.each([10, 25])("a clock %d minutes behind Step Functions' waits as long, and looks as seldom", async (minutes) => {
  expect(await issuance(-minutes * minute)).toEqual(await issuance(0));
});

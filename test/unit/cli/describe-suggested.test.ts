import { beforeEach, describe, expect, it } from "vitest";
import { dayMs, hourMs, makeWorld, noon, putRow, readyRow, request, type World } from "./world.ts";

let world: World;
beforeEach(() => {
  world = makeWorld();
});

const next = async () => (await world.run("describe certificate web")).out.split("Next:\n  ")[1];

describe("describe certificate", () => {
  it("tells what the CA suggested, why, what was wrong, and when it is asked again", async () => {
    const hash = await request(world, "web");
    const window = { start: noon + 10 * dayMs, end: noon + 12 * dayMs, chosenAt: noon + 11 * dayMs };
    const ari = {
      window,
      explanationUrl: "https://ca.test/why",
      nextCheckAt: noon + hourMs,
      lastError: "CATimeout: slow",
    };
    await putRow(world, readyRow("web", hash, { ari, dueAt: ari.nextCheckAt, lane: "new" }));
    const { out } = await world.run("describe certificate web");
    expect(out).toMatch(/Renewal Time: +2026-12-03T12:00:00Z \(in 11d\)/);
    expect(out).toMatch(/Suggested By CA: +2026-12-02T12:00:00Z to 2026-12-04T12:00:00Z/);
    expect(out).toMatch(/Explanation: +https:\/\/ca\.test\/why/);
    expect(out).toMatch(/CA Not Heard: +CATimeout: slow/);
    expect(await next()).toBe(
      "It renews at 2026-12-03T12:00:00Z (in 11d), because its CA suggested that (renewal information, RFC 9773)." +
        " It asks its CA again at 2026-11-22T13:00:00Z (in 60m).",
    );
  });

  it("tells when the CA suggested a time that is too late", async () => {
    const hash = await request(world, "web");
    const window = { start: noon + 80 * dayMs, end: noon + 82 * dayMs, chosenAt: noon + 81 * dayMs };
    const nextCheckAt = noon + hourMs;
    await putRow(
      world,
      readyRow("web", hash, {
        ari: { window, nextCheckAt, latest: noon + 75 * dayMs },
        dueAt: nextCheckAt,
        lane: "new",
      }),
    );
    expect(await next()).toMatch(
      /^It renews at 2027-02-05T12:00:00Z .* its CA suggested a later time, and no renewal is later/,
    );
  });
});

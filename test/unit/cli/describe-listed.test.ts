import { beforeEach, describe, expect, it } from "vitest";
import { dayMs, hourMs, makeWorld, noon, putRow, readyRow, request, type World } from "./world.ts";

let world: World;
beforeEach(() => {
  world = makeWorld();
});

/** A working certificate whose CA's list is read next in an hour. */
async function listed(crl: object, more: object = {}): Promise<void> {
  const hash = await request(world, "web");
  const nextCheckAt = noon + hourMs;
  await putRow(
    world,
    readyRow("web", hash, { crl: { ...crl, nextCheckAt }, dueAt: nextCheckAt, lane: "new", ...more }),
  );
}
const describeWeb = async () => (await world.run("describe certificate web")).out;

describe("describe certificate", () => {
  it("tells when the CA's revocation list was read, and when it is read next", async () => {
    await listed({ checkedAt: noon - dayMs });
    const out = await describeWeb();
    expect(out).toMatch(/Revocation List: +does not list it, read at 2026-11-21T12:00:00Z/);
    expect(out).toMatch(/It reads its CA's revocation list at 2026-11-22T13:00:00Z \(in 60m\)\.$/m);
    expect((await world.run("get certificate/web -o wide")).out).toContain("UpToDate");
  });

  it("tells why the list could not be read", async () => {
    await listed({ checkedAt: noon - dayMs, lastError: "ListUnavailable: away" });
    expect(await describeWeb()).toMatch(/Revocation List: +could not be read: ListUnavailable: away/);
  });

  it("says nothing of a list that was not read yet", async () => {
    await listed({});
    expect(await describeWeb()).not.toContain("Revocation List:");
  });
});

describe("get certificate -o json", () => {
  it("has the list in the status", async () => {
    await listed({ checkedAt: noon - dayMs, failures: 2, lastError: "x" });
    const { status } = JSON.parse((await world.run("get certificate/web -o json")).out);
    expect(status.revocationList).toEqual({
      lastChecked: "2026-11-21T12:00:00Z",
      nextCheck: "2026-11-22T13:00:00Z",
      lastError: "x",
    });
  });
});

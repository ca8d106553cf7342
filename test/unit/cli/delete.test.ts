import { beforeEach, describe, expect, it } from "vitest";
import { clusterIssuer, keyOf, makeWorld, putRow, readyRow, request, type World } from "./world.ts";

let world: World;
beforeEach(() => {
  world = makeWorld();
});

const stored = "certwright/default/web-tls";

describe("delete", () => {
  it.each([
    ["says that the secret is kept", {}, undefined, `; the stored secret ${stored} is kept`],
    [
      "says that it goes, and how long it can be restored",
      { "certwright.dev/deletion-policy": "delete" },
      14,
      `; the stored secret ${stored} goes too, recoverable for 14 days`,
    ],
    [
      "takes the days from the annotation while State has not seen them",
      { "certwright.dev/deletion-policy": "delete", "certwright.dev/recovery-window-days": "7" },
      undefined,
      `; the stored secret ${stored} goes too, recoverable for 7 days`,
    ],
  ])("%s", async (_, annotations, recoveryDays, text) => {
    const hash = await request(world, "web", { annotations });
    await putRow(world, readyRow("web", hash, recoveryDays === undefined ? {} : { recoveryDays }));
    expect(await world.run("delete certificate web")).toMatchObject({
      code: 0,
      out: `certificate/web deleted${text}`,
      err: "",
    });
    expect(await world.requests.get(keyOf("web"))).toBeUndefined();
  });

  it("says nothing of a secret that there never was", async () => {
    await request(world, "web");
    expect((await world.run("delete cert/web")).out).toBe("certificate/web deleted");
  });

  it("does not write State: that is the pipeline's", async () => {
    await putRow(world, readyRow("web", await request(world, "web")));
    const before = await world.state.certificate(keyOf("web"));
    await world.run("delete cert web");
    expect(await world.state.certificate(keyOf("web"))).toEqual(before);
  });

  it("deletes several, across kinds", async () => {
    await request(world, "a");
    await clusterIssuer(world, "pebble");
    expect((await world.run("delete cert/a clusterissuer/pebble")).out).toBe(
      "certificate/a deleted\nclusterissuer/pebble deleted",
    );
  });

  it("deletes the others when one is not there, and ends with 1", async () => {
    await request(world, "b");
    const ran = await world.run("delete cert none b");
    expect(ran).toMatchObject({
      code: 1,
      out: "certificate/b deleted",
      err: 'error: certificate/none not found in namespace "default"',
    });
  });

  it("ends with 0 when what is not there may be missing", async () => {
    expect(await world.run("delete cert none --ignore-not-found")).toMatchObject({ code: 0, out: "", err: "" });
  });

  it("keeps to the namespace", async () => {
    await request(world, "web");
    expect((await world.run("delete cert web -n shop")).code).toBe(1);
    expect(await world.requests.get(keyOf("web"))).toBeDefined();
  });

  it.each([["delete"], ["delete cert"], ["delete web"]])("%s is bad usage", async (line) => {
    expect((await world.run(line)).code).toBe(2);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { keyOf, makeWorld, request, specOf, type World } from "./world.ts";

let world: World;
beforeEach(async () => {
  world = makeWorld();
  await request(world, "a", { labels: { team: "web" } });
  await request(world, "b", { labels: { team: "pay" }, annotations: { "example.test/owner": "pay" } });
  await request(world, "c", { namespace: "shop", labels: { team: "web" } });
});

const annotation = "certwright.dev/renew-requested-at";
const annotationsOf = async (name: string, namespace = "default") => {
  const stored = await world.requests.get(keyOf(name, namespace));
  return (stored?.metadata as { annotations?: Record<string, string> } | undefined)?.annotations;
};

describe("renew", () => {
  it("asks by an annotation, to the millisecond, and leaves the rest of the request alone", async () => {
    expect(await world.run("renew b")).toMatchObject({ code: 0, out: "certificate/b renewal requested", err: "" });
    expect(await world.requests.get(keyOf("b"))).toEqual({
      key: keyOf("b"),
      apiVersion: "cert-manager.io/v1",
      metadata: {
        labels: { team: "pay" },
        annotations: { "example.test/owner": "pay", [annotation]: "2026-11-22T12:00:00.000Z" },
      },
      spec: specOf("b"),
    });
    expect(await annotationsOf("a")).toBeUndefined();
  });

  it.each([
    ["several names", "renew a certificate/b", ["a", "b"]],
    ["all of a namespace", "renew --all", ["a", "b"]],
    ["all of another namespace", "renew --all -n shop", ["c"]],
    ["all of every namespace", "renew --all -A", ["a", "b", "c"]],
    ["those with a label", "renew -l team=web", ["a"]],
    ["those with a label everywhere", "renew -l team=web -A", ["a", "c"]],
  ])("renews %s", async (_, line, names) => {
    expect((await world.run(line)).code).toBe(0);
    const asked: string[] = [];
    for (const [name, namespace] of [["a"], ["b"], ["c", "shop"]] as [string, string?][])
      if ((await annotationsOf(name, namespace))?.[annotation]) asked.push(name);
    expect(asked).toEqual(names);
  });

  it("says in which namespace when there are many", async () => {
    expect((await world.run("renew --all -A")).out).toContain('certificate/c renewal requested in namespace "shop"');
  });

  it("writes no State", async () => {
    await world.run("renew a");
    expect(await world.state.certificate(keyOf("a"))).toBeUndefined();
  });

  it("renews the others when one is not there, and ends with 1", async () => {
    const ran = await world.run("renew none b");
    expect(ran).toMatchObject({ code: 1, out: "certificate/b renewal requested" });
    expect(ran.err).toBe('error: certificate/none not found in namespace "default"');
    expect(await world.requests.get(keyOf("none"))).toBeUndefined();
  });

  it("says when nothing fits", async () => {
    expect(await world.run("renew -l team=none")).toMatchObject({
      code: 0,
      out: "",
      err: "No Certificates found in default namespace.",
    });
  });

  it.each([
    ["renew", "name the Certificates"],
    ["renew a --all", "name the Certificates"],
    ["renew --all -l team=web", "name the Certificates"],
    ["renew a -A", "names do not go with -A"],
    ["renew issuer/le", "only Certificates are renewed"],
  ])("%s is bad usage", async (line, message) => {
    const ran = await world.run(line);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(message);
  });
});

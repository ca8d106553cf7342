import { globSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { clusterIssuer, makeWorld } from "./world.ts";

const folders = [...new Set(globSync("examples/*/*.yaml").map((file) => dirname(file)))].sort();

describe("examples", () => {
  it("are those that the README speaks of", () => {
    expect(folders.map((folder) => folder.slice("examples/".length))).toEqual([
      "apex-and-wildcard",
      "aws-acm",
      "aws-dns-function",
      "aws-letsencrypt",
      "aws-tenant-issuer",
      "cert-manager",
      "ecdsa",
      "http01",
      "kubernetes",
      "maintenance-window",
      "minimal",
      "private-ca",
      "short-lived",
      "wildcard",
    ]);
  });

  it.each(folders)("%s is accepted as it stands, a second time unchanged", async (folder) => {
    const world = makeWorld();
    expect(await world.run(["apply", "-f", folder])).toMatchObject({ code: 0, err: "" });
    for (const line of (await world.run(["apply", "-f", folder])).out.split("\n")) expect(line).toMatch(/ unchanged$/);
  });

  it.each(globSync("examples/*/*.yaml").sort())("%s has at most 30 lines and says what it shows", (file) => {
    const text = readFileSync(file, "utf8");
    expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(30);
    expect(text).toMatch(/^# \S/);
  });

  it("name their issuer so that the local stack can issue all but those of AWS", async () => {
    const world = makeWorld();
    await clusterIssuer(world, "pebble");
    for (const folder of folders.filter((name) => !name.startsWith("examples/aws-")))
      await world.run(["apply", "-f", folder]);
    const { items } = JSON.parse((await world.run("get certs -A -o json")).out);
    for (const { spec } of items) {
      const { name, kind = "Issuer" } = spec.issuerRef;
      expect([
        "pebble ClusterIssuer",
        "pebble-two-minutes ClusterIssuer",
        "self-signed Issuer",
        "private Issuer",
      ]).toContain(`${name} ${kind}`);
      for (const name of spec.dnsNames ?? []) expect(name).toMatch(/\.example\.test$/);
    }
    expect(items).toHaveLength(10);
  });
});

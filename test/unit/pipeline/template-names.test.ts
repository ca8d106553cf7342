import { describe, expect, it } from "vitest";
import { type PortCall, passing } from "../../support/explore/faulty-deps.ts";
import type { Around } from "../../support/pipeline.ts";
import { edit, issued, overwrite, read, seconds, template, type Value } from "../../support/rewriting.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

const key = { namespace: "web", kind: "Certificate", name: "www" } as const;
const fao = { "controller.cert-manager.io/fao": "true" };
const labels = async (p: Awaited<ReturnType<typeof issued>>) => (await read(p)).metadata.labels;

/** As the release before wrote it: the names lie in the secret, State has none. */
const asBefore = (value: Value, names: string[]) => ({
  ...value,
  metadata: { ...value.metadata, template: { annotations: [], labels: names } },
});

describe("what a template put into a secret", () => {
  it("is named in State, and not in the secret", async () => {
    const p = await issued(template({ b: "2", a: "1" }, { note: "x" }));
    expect((await p.row("web/www"))?.issued?.template).toEqual({ annotations: ["note"], labels: ["a", "b"] });
    expect(Object.keys((await read(p)).metadata)).toEqual(["annotations", "labels"]);
    await edit(p, template({ c: "3" }));
    expect((await p.row("web/www"))?.issued?.template).toEqual({ annotations: [], labels: ["c"] });
    expect(Object.keys((await read(p)).metadata)).toEqual(["annotations", "labels"]);
    await edit(p, {});
    expect((await p.row("web/www"))?.issued).not.toHaveProperty("template");
  });

  it("goes with it, also where others write into the secret", async () => {
    const p = await issued(template({ a: "1", b: "2" }));
    await overwrite(p, (value) => ({
      ...value,
      metadata: { ...value.metadata, labels: { a: "1", b: "2", mine: "x" } },
    }));
    await edit(p, template({ b: "2" }));
    expect(await labels(p)).toEqual({ ...fao, b: "2", mine: "x" });
  });

  it("goes also where the release before wrote the secret: its names lie there, beside what is another's", async () => {
    const p = await issued(template({ a: "1", b: "2" }));
    await overwrite(p, (value) => {
      const { metadata, ...keys } = asBefore(value, ["a", "b"]);
      return { ...keys, metadata: { ...metadata, labels: { ...metadata.labels, mine: "x" } } };
    });
    const row = await p.row("web/www");
    if (!row?.issued) throw new Error("not issued");
    const { template: _, ...old } = row.issued;
    await p.state.putCertificate({ ...row, issued: old });
    await edit(p, template({ b: "2" }));
    expect(await labels(p)).toEqual({ ...fao, b: "2", mine: "x" });
    expect(Object.keys((await read(p)).metadata)).toEqual(["annotations", "labels"]);
  });

  it("is not written anew only because its names lie in the secret still", async () => {
    const p = await issued(template({ a: "1" }));
    await overwrite(p, (value) => asBefore(value, ["a"]));
    p.dispatch("web/www");
    await seconds(p, 60);
    expect((await p.row("web/www"))?.issued?.versionId).toBe("by-hand");
  });

  it("goes when the Certificate was deleted, and comes back with another template to the secret that stayed", async () => {
    const p = await issued(template({ a: "1" }));
    await overwrite(p, (value) => ({ ...value, metadata: { ...value.metadata, labels: { a: "1", mine: "x" } } }));
    await p.delete("web/www");
    await seconds(p, 60);
    await p.apply("web/www", spec("www", template({ b: "2" })));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(await labels(p)).toEqual({ ...fao, b: "2", mine: "x" });
    expect(await p.row("web/www")).not.toHaveProperty("leftTemplate");
  });

  it("goes when the Certificate leaves the secret and comes back to it", async () => {
    const p = await issued(template({ a: "1" }));
    await p.apply("web/www", spec("www", { ...template({ b: "2" }), secretName: "other-tls" }));
    await p.time.runUntilTrue(async () => (await p.row("web/www"))?.revision === 2);
    expect((await p.row("web/www"))?.leftTemplate).toEqual({ annotations: [], labels: ["a"], secretName: "www-tls" });
    await p.apply("web/www", spec("www", template({ b: "2" })));
    await p.time.runUntilTrue(async () => (await p.row("web/www"))?.revision === 3);
    expect(await labels(p)).toEqual({ ...fao, b: "2" });
  });

  it("goes when who wrote it died before State knew, and the template was changed once more", async () => {
    let deaths = 0;
    const around: Around = async ({ name, deps }, run) => {
      if (name !== "rewrite-secret" || deaths > 0) return run(deps);
      const putCertificate = async () => {
        deaths += 1;
        throw new Error("dead");
      };
      return run({ ...deps, state: { ...deps.state, putCertificate }, log: () => undefined }).catch(() => undefined);
    };
    const p = await issued(template({ a: "1" }), { around });
    await edit(p, template({ b: "2" }));
    expect(deaths).toBe(1);
    await edit(p, template({ c: "3" }));
    await seconds(p, 400);
    expect(await labels(p)).toEqual({ ...fao, c: "3" });
    expect((await p.row("web/www"))?.issued?.template).toEqual({ annotations: [], labels: ["c"] });
  });
});

describe("an issuance whose function died after it wrote the secret", () => {
  it("has the template and formats of an edit made since, too", async () => {
    let deaths = 0;
    const edited = { ...template({ b: "2" }), additionalOutputFormats: [{ type: "DER" }] };
    const around: Around = async ({ name, deps }, run) => {
      if (name !== "WriteSecret" || deaths > 0) return run(deps);
      const pass = async ({ port, method }: PortCall, effect: () => Promise<unknown>) => {
        if (deaths > 0) throw new Error("dead");
        const out = await effect();
        if (`${port}.${method}` !== "secretsManager.write") return out;
        deaths += 1;
        await deps.requests.put({ key, apiVersion: "cert-manager.io/v1", spec: spec("www", edited) });
        throw new Error("dead");
      };
      return run({ ...passing(deps, pass), log: () => undefined });
    };
    const p = await issued(template({ a: "1" }), { around });
    await seconds(p, 400);
    expect(deaths).toBe(1);
    expect(await labels(p)).toEqual({ ...fao, b: "2" });
    expect(Object.keys(await read(p))).toContain("key.der");
    expect((await p.row("web/www"))?.issued?.template).toEqual({ annotations: [], labels: ["b"] });
    expect(p.executions).toHaveLength(1);
  });
});

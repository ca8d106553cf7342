import { createPrivateKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import {
  edit,
  issued,
  opens,
  pkcs12,
  read,
  seconds,
  serial,
  stored,
  template,
  type Value,
  versions,
} from "../../support/rewriting.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

describe("a secret is rewritten without an issuance", () => {
  it.each<[string, object, object, (value: Value) => unknown, unknown, string]>([
    ["a label is added", {}, template({ team: "web" }), (v) => v.metadata.labels.team, "web", "SecretTemplateMismatch"],
    ["a label is gone", template({ a: "1" }), {}, (v) => v.metadata.labels.a, undefined, "SecretTemplateMismatch"],
    [
      "an annotation is gone and another one stays",
      template({}, { a: "1", b: "2" }),
      template({}, { b: "2" }),
      (v) => [v.metadata.annotations.a, v.metadata.annotations.b],
      [undefined, "2"],
      "SecretTemplateMismatch",
    ],
    [
      "a format is added",
      {},
      { additionalOutputFormats: [{ type: "CombinedPEM" }] },
      (v) => v["tls-combined.pem"] === `${v["tls.key"]}\n${v["tls.crt"]}`,
      true,
      "AdditionalOutputFormatsMismatch",
    ],
    [
      "a format is gone",
      { additionalOutputFormats: [{ type: "DER" }] },
      {},
      (v) => v["key.der"],
      undefined,
      "AdditionalOutputFormatsMismatch",
    ],
    ["a keystore is added", {}, pkcs12(), (v) => opens(v["keystore.p12"], "changeit"), true, "SecretMismatch"],
    ["a keystore is gone", pkcs12(), {}, (v) => v["keystore.p12"], undefined, "SecretMismatch"],
    [
      "its password changed",
      pkcs12(),
      pkcs12({ password: "other" }),
      (v) => opens(v["keystore.p12"], "other"),
      true,
      "SecretMismatch",
    ],
    [
      "the key's encoding changed",
      {},
      { privateKey: { algorithm: "ECDSA", encoding: "PKCS8" } },
      (v) => v["tls.key"]?.startsWith("-----BEGIN PRIVATE KEY-----\n"),
      true,
      "SecretMismatch",
    ],
  ])("when %s", async (_when, before, after, look, expected, reason) => {
    const p = await issued(before);
    const [first, key] = [await serial(p), createPrivateKey((await read(p))["tls.key"] ?? "")];
    await edit(p, after);
    expect(look(await read(p))).toEqual(expected);
    expect(await serial(p)).toBe(first);
    expect(createPrivateKey((await read(p))["tls.key"] ?? "").equals(key)).toBe(true);
    const row = await p.row("web/www");
    expect(row).toMatchObject({ revision: 1, generation: 2, ready: { status: "True", reason: "Ready" } });
    expect(row?.issued?.versionId).toBe(versions(p).at(-1)?.id);
    expect([row?.rewrite, row?.drift, row?.attempt, row?.issuing]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(row?.dueAt).toBe(row?.issued?.renewalTime);
    expect(versions(p)).toHaveLength(2);
    expect(p.executions).toHaveLength(1);
    expect(p.ca.calls.newOrder).toBe(1);
    const events = await p.state.events({ namespace: "web", kind: "Certificate", name: "www" }, 10);
    expect(events.map((event) => event.reason)).toEqual([reason]);
  });

  it("once, and looked at no more", async () => {
    const p = await issued();
    await edit(p, template({ team: "web" }));
    for (let hint = 0; hint < 5; hint += 1) p.dispatch("web/www");
    await seconds(p, 600);
    expect(versions(p)).toHaveLength(2);
  });

  it("in the store s3 as well", async () => {
    const p = await openPipeline();
    await p.issuer();
    const toS3 = { annotations: { "certwright.dev/store": "s3" } };
    await p.apply("web/www", spec("www"), toS3);
    await p.time.runUntilTrue(() => p.ready("web/www"));
    await p.apply("web/www", spec("www", template({ team: "web" })), toS3);
    await seconds(p, 5);
    const value = (await p.secret("web", "www-tls", "s3")) as unknown as Value;
    expect(value.metadata.labels.team).toBe("web");
    expect(p.executions).toHaveLength(1);
  });

  it("where it lies, though the installation's default store is another one now", async () => {
    const p = await openPipeline();
    p.deps.defaultStore = "s3";
    await p.issuer();
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    p.deps.defaultStore = "secretsManager";
    await edit(p, template({ team: "web" }));
    const value = (await p.secret("web", "www-tls", "s3")) as unknown as Value;
    expect(value.metadata.labels.team).toBe("web");
    expect(await p.secret("web", "www-tls")).toBeUndefined();
    expect(p.executions).toHaveLength(1);
  });

  it("and the renewal keeps what the spec says now", async () => {
    const p = await issued(template({ a: "1" }), { sweepSeconds: 3_600 });
    await edit(p, { ...template({ b: "2" }), ...pkcs12() });
    await p.time.runUntilTrue(async () => (await p.row("web/www"))?.revision === 2, 100 * 86_400_000);
    expect((await read(p)).metadata.labels).toEqual({ b: "2", "controller.cert-manager.io/fao": "true" });
    expect(opens((await read(p))["keystore.p12"], "changeit")).toBe(true);
  });

  it("also one of a row from before, whose template waited: contentHash is not there", async () => {
    const p = await issued(template({ a: "1" }));
    const row = await p.row("web/www");
    if (!row?.issued) throw new Error("not issued");
    const { contentHash: _, ...old } = row.issued;
    await p.state.putCertificate({ ...row, issued: old });
    await edit(p, template({ b: "2" }));
    expect((await read(p)).metadata.labels).toEqual({ b: "2", "controller.cert-manager.io/fao": "true" });
    expect((await p.row("web/www"))?.issued?.contentHash).toMatch(/\S/);
  });

  it("tells clusters after it is written, and before State knows", async () => {
    const told: unknown[] = [];
    const p = await issued({}, { syncKubernetes: async (deps, order) => void told.push([order, await labelOf(deps)]) });
    told.length = 0;
    await edit(p, template({ team: "web" }));
    const order = { certificates: [{ namespace: "web", name: "www" }] };
    expect(told).toEqual([
      [order, undefined],
      [order, "web"],
    ]);
  });
});

describe("a keystore's password in a stored secret", () => {
  const byRef = pkcs12({ passwordSecretRef: { name: "passwords", key: "p12" } });
  const store = (p: Pipeline, value: object) =>
    p.stores.secretsManager.secrets.set("certwright/web/passwords", {
      tags: {},
      versions: [{ id: "1", value: JSON.stringify(value) }],
    });

  it("is looked for before anything is ordered, and again until it has come", async () => {
    const p = await openPipeline();
    await p.issuer();
    await p.apply("web/www", spec("www", byRef));
    await seconds(p, 20);
    expect(await p.row("web/www")).toMatchObject({
      issuing: { status: "False", reason: "KeystorePasswordSecretNotFound" },
    });
    expect(p.ca.calls.newOrder ?? 0).toBe(0);
    store(p, { p12: "" });
    await seconds(p, 100);
    expect(await p.row("web/www")).toMatchObject({ issuing: { reason: "KeystorePasswordSecretNotFound" } });
    store(p, { p12: "geheim" });
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(opens((await read(p))["keystore.p12"], "geheim")).toBe(true);
  });

  it("that is missing at a rewrite is told, and tried again", async () => {
    const p = await issued();
    await edit(p, byRef);
    expect(await p.row("web/www")).toMatchObject({
      ready: { status: "True" },
      issuing: { status: "False", reason: "KeystorePasswordSecretNotFound" },
    });
    store(p, { p12: "geheim" });
    await seconds(p, 200);
    expect(opens((await read(p))["keystore.p12"], "geheim")).toBe(true);
    expect(p.executions).toHaveLength(1);
  });
});

async function labelOf({ store }: Pipeline["deps"]): Promise<string | undefined> {
  const found = await (await store("secretsManager")).read(stored);
  return JSON.parse(found?.value ?? "{}").metadata.labels.team;
}

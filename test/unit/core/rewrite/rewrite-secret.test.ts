import { beforeEach, describe, expect, it } from "vitest";
import { rewriteSecrets } from "../../../../core/rewrite/rewrite-secret.ts";
import type { CertificateRow } from "../../../../core/rows.ts";
import type { Pipeline } from "../../../support/pipeline.ts";
import { edit, issued, overwrite, read, seconds, template, versions } from "../../../support/rewriting.ts";
import { certificateSpec as spec } from "../../../support/specs.ts";

const key = { namespace: "web", kind: "Certificate", name: "www" } as const;
let p: Pipeline;
let row: CertificateRow;

beforeEach(async () => {
  p = await issued(template({ team: "web" }));
  row = (await p.row("web/www")) ?? expect.unreachable();
});

/** The state of a row whose secret lacks its label. */
async function withoutLabel(more: Partial<CertificateRow> = {}): Promise<void> {
  const value = await read(p);
  versions(p).push({ id: "by-hand", value: JSON.stringify({ ...value, metadata: { ...value.metadata, labels: {} } }) });
  await p.state.putCertificate({ ...row, ...more });
}

const rewrite = () => rewriteSecrets(p.deps, [key]);
const put = (more: object, metadata?: object) =>
  p.requests.put({
    key,
    apiVersion: "cert-manager.io/v1",
    spec: spec("www", { ...template({ team: "web" }), ...more }),
    ...(metadata && { metadata }),
  });

describe("rewrite-secret", () => {
  it("puts right what State, request and secret say together", async () => {
    await withoutLabel();
    expect(await rewrite()).toEqual([{ key, did: "rewrote", reason: "SecretManagedMetadataMismatch" }]);
    expect(await rewrite()).toEqual([{ key, did: "looked" }]);
    expect(versions(p)).toHaveLength(3);
  });

  it.each<[string, () => Promise<unknown>]>([
    ["an attempt is in hand", () => withoutLabel({ attempt: { id: "a1" } })],
    ["State has buried it", () => withoutLabel({ deletedAt: 1 })],
    ["the object is gone", () => withoutLabel().then(() => p.requests.delete(key))],
    ["the object is not valid any more", () => withoutLabel().then(() => put({ secretName: "" }))],
    ["the object was edited since", () => withoutLabel().then(() => put({ dnsNames: ["api.example.test"] }))],
    ["another secret is wanted", () => withoutLabel().then(() => put({ secretName: "other-tls" }))],
    [
      "another store is wanted",
      () => withoutLabel().then(() => put({}, { annotations: { "certwright.dev/store": "s3" } })),
    ],
  ])("leaves the secret alone where %s: dispatch decides", async (_where, make) => {
    await make();
    expect(await rewrite()).toEqual([{ key, did: "nothing" }]);
    expect(versions(p)).toHaveLength(2);
  });

  it("begins anew, at most three times, when somebody writes the secret at the same moment", async () => {
    const { write } = p.stores.secretsManager;
    let others = 2;
    p.stores.secretsManager.write = async (one) => {
      const value = await read(p);
      if (others > 0)
        versions(p).push({ id: `other-${others}`, value: JSON.stringify({ ...value, mine: `${others}` }) });
      others -= 1;
      return write(one);
    };
    await edit(p, template({ team: "shop" }));
    expect(await read(p)).toMatchObject({ mine: "1", metadata: { labels: { team: "shop" } } });
    expect((await p.row("web/www"))?.issuing).toBeUndefined();
    others = 3;
    await edit(p, template({ team: "again" }));
    expect((await p.row("web/www"))?.issuing).toMatchObject({ status: "False", reason: "SecretChanging" });
  });

  it("writes the same text over the same version under the same token, however often", async () => {
    const { write } = p.stores.secretsManager;
    const tokens: string[] = [];
    p.stores.secretsManager.write = async (one) => {
      tokens.push(one.token);
      if (tokens.length === 1) throw new Error("killed");
      return write(one);
    };
    await edit(p, template({ team: "shop" }));
    await seconds(p, 300);
    expect(tokens).toHaveLength(2);
    expect(new Set(tokens).size).toBe(1);
    expect(tokens[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("tells clusters of a version that it finds right and did not know: its writer may have died", async () => {
    const orders: unknown[] = [];
    const { publish } = p.deps.events;
    p.deps.events.publish = async (facts) => {
      orders.push(...facts.map(({ type }) => type));
      return publish(facts);
    };
    expect(await rewrite()).toEqual([{ key, did: "looked" }]);
    expect(orders).toEqual([]);
    versions(p).push({ id: "by-hand", value: JSON.stringify(await read(p)) });
    expect(await rewrite()).toEqual([{ key, did: "looked" }]);
    expect(orders).toEqual(["Cluster Sync Requested"]);
  });

  it("hands a secret that only a new certificate heals to dispatch, without a wait for the sweep", async () => {
    p = await issued({}, { sweepSeconds: 0 });
    await overwrite(p, ({ "tls.key": _, ...rest }) => rest);
    await seconds(p, 120);
    expect((await p.row("web/www"))?.revision).toBe(2);
  });
});

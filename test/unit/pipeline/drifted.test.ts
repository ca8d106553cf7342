import { describe, expect, it } from "vitest";
import {
  edit,
  issued,
  overwrite,
  read,
  seconds,
  serial,
  template,
  type Value,
  versions,
} from "../../support/rewriting.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

describe("what others put into a secret stays", () => {
  const added = (value: Value) => ({
    ...value,
    "dhparam.pem": "mine",
    metadata: {
      ...value.metadata,
      annotations: { ...value.metadata.annotations, note: "theirs" },
      labels: { ...value.metadata.labels, tier: "gold" },
    },
  });
  const theirs = (value: Value) => [value["dhparam.pem"], value.metadata.annotations.note, value.metadata.labels.tier];

  it("without an issuance and without a write, when it is all they did", async () => {
    const p = await issued(template({ team: "web" }));
    await overwrite(p, added);
    expect(theirs(await read(p))).toEqual(["mine", "theirs", "gold"]);
    expect(versions(p).map(({ id }) => id)).toHaveLength(2);
    expect(await p.row("web/www")).toMatchObject({ revision: 1, issued: { versionId: "by-hand", foreign: true } });
    expect(p.executions).toHaveLength(1);
  });

  it("over a rewrite and over a renewal, while ours goes with the template", async () => {
    const p = await issued(template({ team: "web" }, { contact: "ops" }), { sweepSeconds: 3_600 });
    await overwrite(p, added);
    await edit(p, template({}));
    expect(theirs(await read(p))).toEqual(["mine", "theirs", "gold"]);
    expect((await read(p)).metadata.labels.team).toBeUndefined();
    expect((await read(p)).metadata.annotations.contact).toBeUndefined();
    await p.time.runUntilTrue(async () => (await p.row("web/www"))?.revision === 2, 100 * 86_400_000);
    expect(theirs(await read(p))).toEqual(["mine", "theirs", "gold"]);
    expect(await p.row("web/www")).toMatchObject({ issued: { foreign: true } });
  });

  it("over an issuance that finds it, though State did not know of it", async () => {
    const p = await issued();
    versions(p).push({ id: "by-hand", value: JSON.stringify(added(await read(p))) });
    await p.apply("web/www", spec("www", { dnsNames: ["api.example.test"] }));
    await p.time.runUntilTrue(async () => (await p.row("web/www"))?.revision === 2);
    expect(theirs(await read(p))).toEqual(["mine", "theirs", "gold"]);
  });

  it("and what they changed of ours is put right", async () => {
    const p = await issued({ ...template({ team: "web" }), additionalOutputFormats: [{ type: "DER" }] });
    const [first, before] = [await serial(p), await read(p)];
    await overwrite(p, (value) => ({
      ...added(value),
      "key.der": "AAAA",
      metadata: { ...added(value).metadata, annotations: { note: "theirs" }, labels: { team: "other", tier: "gold" } },
    }));
    const after = await read(p);
    expect(theirs(after)).toEqual(["mine", "theirs", "gold"]);
    expect(after["key.der"]).toBe(before["key.der"]);
    expect(after.metadata.labels.team).toBe("web");
    expect(after.metadata.annotations["cert-manager.io/certificate-name"]).toBe("www");
    expect(await serial(p)).toBe(first);
    expect(p.executions).toHaveLength(1);
  });
});

describe("what only a new certificate heals is issued anew, with cert-manager's reason", () => {
  it.each<[string, string, (value: Value) => object]>([
    ["no JSON", "MissingData", () => "gone" as unknown as object],
    ["no key", "MissingData", ({ "tls.key": _, ...rest }) => rest],
    ["no certificate", "MissingData", (value) => ({ ...value, "tls.crt": "" })],
    ["a key that is none", "InvalidKeyPair", (value) => ({ ...value, "tls.key": "mine" })],
    ["a certificate that is none", "InvalidCertificate", (value) => ({ ...value, "tls.crt": "mine" })],
    ["another key", "InvalidKeyPair", (value) => ({ ...value, "tls.key": strangeKey })],
    ["another issuer", "IncorrectIssuer", (value) => annotated(value, { "cert-manager.io/issuer-name": "other" })],
    [
      "another Certificate",
      "IncorrectCertificate",
      (value) => annotated(value, { "cert-manager.io/certificate-name": "other" }),
    ],
  ])("%s: %s", async (_what, reason, change) => {
    const p = await issued();
    const first = await serial(p);
    await overwrite(p, change);
    await p.time.runUntilTrue(async () => (await p.row("web/www"))?.revision === 2);
    await seconds(p, 5);
    const attempts = await p.state.attemptsOf({ namespace: "web", kind: "Certificate", name: "www" });
    expect(attempts[0]?.reason).toBe(reason);
    expect(await serial(p)).not.toBe(first);
    expect((await p.row("web/www"))?.drift).toBeUndefined();
  });

  it("and no more than three times: the fence holds", async () => {
    const p = await issued();
    for (let time = 0; time < 6; time += 1) {
      await overwrite(p, ({ "tls.key": _, ...rest }) => rest, `by-hand-${time}`);
      await seconds(p, 300);
    }
    expect(await p.row("web/www")).toMatchObject({ revision: 3, issuing: { reason: "RunawayFence" } });
  });
});

function annotated(value: Value, annotations: Record<string, string>): object {
  const { metadata } = value;
  return { ...value, metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } } };
}

const strangeKey = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----
`;

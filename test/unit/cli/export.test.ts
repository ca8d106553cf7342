import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { issued, makeWorld, newRow, noon, putRow, ready, readyRow, request, type World } from "./world.ts";

const folder = mkdtempSync(join(tmpdir(), "certwright-export-"));
afterAll(() => rmSync(folder, { recursive: true }));

let world: World;
let out: string;
let count = 0;
beforeEach(async () => {
  world = makeWorld();
  out = join(folder, `out${count++}`);
  await putRow(world, readyRow("web", await request(world, "web")));
  world.secrets.set("secretsManager:certwright/default/web-tls", JSON.stringify(secret));
});

const marker = "TOPSECRETMARKER";
const keystore = Buffer.from([0x30, 0x82, 0, 0xff, 0xfe]);
const secret = {
  "tls.crt": "-----BEGIN CERTIFICATE-----\nleaf\n-----END CERTIFICATE-----\n",
  "tls.key": `-----BEGIN RSA PRIVATE KEY-----\n${marker}\n-----END RSA PRIVATE KEY-----\n`,
  "keystore.p12": keystore.toString("base64"),
  metadata: { annotations: { "cert-manager.io/certificate-name": "web" } },
};

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe("export", () => {
  it("writes one file for each key, for the owner's eyes only, binary ones decoded, without metadata", async () => {
    const ran = await world.run(`export web --out ${out}`);
    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(readdirSync(out).sort()).toEqual(["keystore.p12", "tls.crt", "tls.key"]);
    expect(readFileSync(join(out, "tls.crt"), "utf8")).toBe(secret["tls.crt"]);
    expect(readFileSync(join(out, "tls.key"), "utf8")).toBe(secret["tls.key"]);
    expect(readFileSync(join(out, "keystore.p12"))).toEqual(keystore);
    expect(["tls.crt", "tls.key", "keystore.p12"].map((name) => modeOf(join(out, name)))).toEqual([
      "600",
      "600",
      "600",
    ]);
    expect(modeOf(out)).toBe("700");
  });

  it("names the files and prints none of the secret", async () => {
    const ran = await world.run(`export certificate/web --out ${out}`);
    expect(ran.out).toBe(
      `wrote ${out}/tls.crt, ${out}/tls.key, ${out}/keystore.p12\ncertificate/web is valid for another 89d`,
    );
    expect(ran.out + ran.err).not.toContain(marker);
  });

  it("replaces files whole, also those that others may read and links", async () => {
    mkdirSync(out);
    writeFileSync(join(out, "tls.key"), "old", { mode: 0o644 });
    writeFileSync(join(folder, "elsewhere"), "untouched");
    symlinkSync(join(folder, "elsewhere"), join(out, "tls.crt"));
    await world.run(`export web --out ${out}`);
    expect(modeOf(join(out, "tls.key"))).toBe("600");
    expect(readFileSync(join(out, "tls.crt"), "utf8")).toBe(secret["tls.crt"]);
    expect(readFileSync(join(folder, "elsewhere"), "utf8")).toBe("untouched");
  });

  it("reads the store and the secret that State names", async () => {
    world.secrets.clear();
    world.secrets.set("s3:certwright/default/moved-tls", JSON.stringify({ "tls.crt": "from s3" }));
    const row = readyRow("web", await request(world, "web"));
    await putRow(world, { ...row, issued: { ...issued("web"), store: "s3", secretName: "moved-tls" } });
    await world.run(`export web --out ${out}`);
    expect(readFileSync(join(out, "tls.crt"), "utf8")).toBe("from s3");
  });

  it("warns when the certificate is not Ready, and says when it has expired", async () => {
    const row = readyRow("web", await request(world, "web"), { ready: ready("False", "Expired", "it ended") });
    await putRow(world, { ...row, issued: { ...issued("web"), notAfter: noon - 1 } });
    const ran = await world.run(`export web --out ${out}`);
    expect(ran.code).toBe(0);
    expect(ran.err).toContain("warning: certificate/web is not Ready");
    expect(ran.out).toContain("certificate/web has expired");
  });

  it.each([
    ["a path", { "../tls.key": marker }],
    ["a hidden name", { ".bashrc": marker }],
    ["a slash", { "a/b": marker }],
    ["no text", { "tls.key": { marker } }],
    ["nothing", { metadata: {} }],
  ])("refuses a stored secret with %s as a key, writing and showing nothing", async (_, value) => {
    world.secrets.set("secretsManager:certwright/default/web-tls", JSON.stringify(value));
    const ran = await world.run(`export web --out ${out}`);
    expect(ran.code).toBe(1);
    expect(ran.out + ran.err).not.toContain(marker);
    expect(() => readdirSync(out)).toThrow("ENOENT");
  });

  it("does not show a secret that is no JSON", async () => {
    world.secrets.set("secretsManager:certwright/default/web-tls", `{${marker}`);
    const ran = await world.run(`export web --out ${out}`);
    expect(ran).toMatchObject({ code: 1, err: "error: the stored secret certwright/default/web-tls is not JSON" });
  });

  it("leaves nothing behind when it cannot write", async () => {
    mkdirSync(join(out, "tls.key"), { recursive: true });
    const ran = await world.run(`export web --out ${out}`);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain(`cannot write to ${out}`);
    expect(readdirSync(out).filter((name) => name.startsWith("."))).toEqual([]);
    chmodSync(out, 0o700);
  });

  it.each([
    [
      "there is no certificate yet",
      async () => putRow(world, newRow("web", await request(world, "web"))),
      "has no certificate yet",
    ],
    ["the stored secret is gone", async () => world.secrets.clear(), "is not there"],
    [
      "nobody asked for it",
      async () => world.requests.delete({ namespace: "default", kind: "Certificate", name: "web" }),
      "not found",
    ],
  ])("fails when %s", async (_, change, message) => {
    await change();
    const ran = await world.run(`export web --out ${out}`);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain(message);
  });

  it.each([
    ["export web", "where to? --out DIR"],
    ["export --out x", "which Certificate?"],
    ["export a b --out x", "export takes one name"],
    ["export issuer/le --out x", "only Certificates have a secret"],
  ])("%s is bad usage", async (line, message) => {
    const ran = await world.run(line);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(message);
  });
});

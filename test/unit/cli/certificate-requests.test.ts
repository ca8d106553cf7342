import { beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { OwnRequest } from "../../../core/own-csr/own-request.ts";
import type { CertificateRow } from "../../../core/rows.ts";
import type { Condition } from "../../../core/status.ts";
import { everyName } from "../../support/openssl-csrs.ts";
import { approved, condition, given, key, signed, spec, stateSays } from "./requests-world.ts";
import { makeWorld, noon, request, type World } from "./world.ts";

let world: World;
beforeEach(() => {
  world = makeWorld();
});

describe("get certificaterequests", () => {
  it.each(["certificaterequests", "certificaterequest", "cr", "crs", "certificaterequests.cert-manager.io"])(
    "has cert-manager's columns: %s",
    async (word) => {
      await given(world, { made: { spec: "", annotations: "" }, approved, signed }, {}, { ...spec, username: "ada" });
      const { out } = await world.run(`get ${word}`);
      expect(out.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
        ["NAME", "APPROVED", "DENIED", "READY", "ISSUER", "REQUESTER", "AGE"],
        ["web", "True", "<none>", "True", "root", "ada", "60m"],
      ]);
      expect((await world.run(`get ${word} -o wide`)).out).toContain("Certificate fetched from issuer successfully");
    },
  );

  it("prints cert-manager's status with the certificate as YAML", async () => {
    await given(world, { approved, signed, invalid: condition("InvalidRequest", "SpecChanged", "changed") });
    const shown = parse((await world.run("get cr web -o yaml")).out);
    expect(shown.status).toMatchObject({ certificate: "TEVBRgo=", ca: "Uk9PVAo=" });
    expect(shown.status.conditions.map(({ type }: Condition) => type)).toEqual(["Approved", "Ready", "InvalidRequest"]);
    expect(shown.spec.request).toBe(everyName);
  });

  it("prints when it failed", async () => {
    await given(world, { failureTime: "2026-11-22T11:00:00Z" });
    expect(parse((await world.run("get cr web -o yaml")).out).status).toMatchObject({
      failureTime: "2026-11-22T11:00:00Z",
      conditions: [{ type: "Ready", status: "False", reason: "Failed" }],
    });
  });
});

describe("describe certificaterequest", () => {
  it("tells what the CSR asks for, what came of it, and that nothing follows", async () => {
    await given(world, { made: { spec: "", annotations: "" }, approved, signed });
    const { out } = await world.run("describe cr web");
    expect(out).toMatch(/Names: +www\.example\.test\n +\*\.example\.test\n +192\.0\.2\.1/);
    expect(out).toMatch(/Approved +True +cert-manager\.io/);
    expect(out).toContain(`SHA-256:     ${"ab".repeat(32)}`);
    expect(out).toMatch(/Next:\n {2}Nothing: it has its certificate/);
  });

  it.each<[string, OwnRequest, Partial<CertificateRow>, string]>([
    [
      "a failure",
      { made: { spec: "", annotations: "" }, failureTime: "x" },
      {},
      "Nothing: it has failed (see the reason above). Make another one.",
    ],
    ["one never valid", { failureTime: "x" }, {}, "Correct it, or make another one."],
    ["a wait", { made: { spec: "", annotations: "" } }, { dueAt: noon + 60_000 }, "because of Pending."],
  ])("says what follows: %s", async (_, own, more, next) => {
    await given(world, own, more);
    const { out } = await world.run("describe cr web");
    expect(out.split("Next:\n  ")[1]).toContain(next);
    expect(out).not.toContain("certwright renew");
  });
});

describe("other verbs", () => {
  it("wait: until it is issued; a change that was refused does not count", async () => {
    await given(world, { approved });
    world.meanwhile.push(async () => {
      const row = await world.state.certificate(key);
      await stateSays(world, { approved, signed }, { version: row?.version ?? 0 });
    });
    expect((await world.run("wait certificaterequest/web")).out).toBe("certificaterequest/web condition met");
    const row = await world.state.certificate(key);
    const invalid = condition("InvalidRequest", "SpecChanged", "changed");
    await stateSays(world, { approved, signed, invalid }, { version: row?.version ?? 0 });
    expect((await world.run("wait certificaterequest/web --timeout=1s")).code).toBe(1);
  });

  it("delete and wait for it", async () => {
    await given(world, { signed });
    expect((await world.run("delete cr web")).out).toBe("certificaterequest/web deleted");
    const row = await world.state.certificate(key);
    await world.state.putCertificate({ ...(row as CertificateRow), deletedAt: noon });
    expect((await world.run("wait cr/web --for=delete")).code).toBe(0);
  });

  it.each(["renew cr/web", "revoke cr/web", "export cr/web --out /tmp/x"])("%s is of Certificates", async (line) => {
    const { code, err } = await world.run(line);
    expect(code).toBe(2);
    expect(err).toContain("only Certificates ");
  });

  it("apply refuses a change in cert-manager's words, and takes what says the same", async () => {
    await given(world, { signed });
    const object = (more: object) =>
      JSON.stringify({
        apiVersion: "cert-manager.io/v1",
        kind: "CertificateRequest",
        metadata: { name: "web" },
        spec: { ...spec, ...more },
      });
    expect((await world.run("apply -f -", { stdin: object({}) })).out).toBe("certificaterequest/web unchanged");
    const changed = await world.run("apply -f -", { stdin: object({ duration: "24h" }) });
    expect([changed.code, changed.err]).toEqual([
      1,
      "error: certificaterequest/web: spec: Forbidden: cannot change spec after creation",
    ]);
    expect((await world.requests.get(key))?.spec).toEqual(spec);
  });
});

it("the request of a Certificate of the same name is another object", async () => {
  await request(world, "web");
  expect((await world.run("get cr web")).err).toContain('certificaterequest/web not found in namespace "default"');
});

import { beforeEach, describe, expect, it } from "vitest";
import { RefusedError } from "../../../core/errors.ts";
import {
  clusterIssuer,
  issued,
  keyOf,
  makeWorld,
  newRow,
  putRow,
  ready,
  readyRow,
  request,
  specOf,
  type World,
} from "./world.ts";

let world: World;
beforeEach(async () => {
  world = makeWorld();
  await clusterIssuer(world, "pebble");
});

const stored = (more: object = {}) =>
  world.described.set("secretsManager:certwright/default/web-tls", {
    arn: "arn",
    versionId: issued("web").versionId,
    owner: "default/Certificate/web",
    ...more,
  });

/** Check, verdict and facts of each line. */
async function chain(line = "explain web"): Promise<Map<string, string[]>> {
  const { out, code, err } = await world.run(line);
  expect([code, err]).toEqual([0, ""]);
  const [head, ...lines] = (out.split("\n\nDecision:")[0] ?? "").split("\n").map((text) => text.split(/ {3,}/));
  expect(head).toEqual(["CHECK", "VERDICT", "FACTS"]);
  return new Map(lines.map(([check = "", ...rest]) => [check, rest]));
}

describe("explain", () => {
  it("shows a Certificate that is up to date: every check, nothing to issue, and the renewal", async () => {
    await putRow(world, readyRow("web", await request(world, "web")));
    stored();
    const { out, code } = await world.run("explain web");
    expect(code).toBe(0);
    expect(out.split("\n")[0]).toMatch(/^CHECK +VERDICT +FACTS$/);
    expect(
      new Set(
        out
          .split("\n")
          .slice(0, 5)
          .map((line) => line.search(/VERDICT|passed/)),
      ).size,
    ).toBe(1);
    const checks = await chain();
    expect(checks.get("renewal due")).toEqual(["passed", "renewal time 2027-01-21T11:00:00Z (in 59d)"]);
    expect(checks.get("secret gone")).toEqual([
      "passed",
      `the stored secret holds version ${issued("web").versionId}: ours`,
    ]);
    expect(checks.get("up to date")).toEqual(["fires: UpToDate", "nothing asks for another certificate"]);
    expect(checks.get("issuer unknown")).toEqual(["not looked at", "nothing is to be issued"]);
    expect(out).toContain(
      "\n\nDecision:\n  nothing: UpToDate\n\nNext:\n  It renews at 2027-01-21T11:00:00Z (in 59d), because",
    );
  });

  it("sees by the description of the stored secret that it is gone, or another's version", async () => {
    await putRow(world, readyRow("web", await request(world, "web")));
    expect((await chain()).get("secret gone")).toEqual(["fires: DoesNotExist", 'there is no stored secret "web-tls"']);
    stored({ versionId: "x" });
    expect((await chain()).get("secret drifted")?.[0]).toBe("fires: SecretMismatch");
  });

  it("does without that description where its reader has no right to it, and says so", async () => {
    await putRow(world, readyRow("web", await request(world, "web")));
    world.installation.describeSecret = async () => {
      throw new RefusedError({
        reason: "AccessDenied",
        message: "not allowed to call DescribeSecret",
        fix: "allow it",
      });
    };
    const { out, err, code } = await world.run("explain web");
    expect(code).toBe(0);
    expect(err).toContain("cannot be described, so it is not looked at: AccessDenied: not allowed");
    expect(out).toMatch(/secret gone +not looked at +the stored secret is looked at only/);
    world.installation.describeSecret = async () => {
      throw new Error("a bug");
    };
    expect((await world.run("explain web")).code).toBe(1);
  });

  it("shows one whose issuer is missing, and what it waits for", async () => {
    const spec = { ...specOf("web"), issuerRef: { name: "nobody", kind: "ClusterIssuer" } };
    const hash = await request(world, "web", { spec });
    await putRow(world, newRow("web", hash, { waitsForIssuer: true, dueAt: world.now + 60_000 }));
    const checks = await chain();
    expect(checks.get("not issued yet")).toEqual(["fires: DoesNotExist", "nothing was issued yet"]);
    expect(checks.get("issuer unknown")).toEqual([
      "fires: IssuerNotFound",
      "_cluster/ClusterIssuer/nobody is not there",
    ]);
    const { out } = await world.run("explain web");
    expect(out).toContain('Decision:\n  wait: IssuerNotFound: ClusterIssuer "nobody" not found; create it');
    expect(out).toMatch(/Next:\n {2}It waits for /);
  });

  it("shows one that nobody has seen yet", async () => {
    await request(world, "web");
    expect((await chain()).get("not issued yet")?.[0]).toBe("fires: DoesNotExist");
    expect((await world.run("explain web")).out).toContain("Next:\n  certwright decides on what the object says now");
  });

  it("shows a malformed one, with each field", async () => {
    await request(world, "web", { spec: { ...specOf("web"), duration: "1s" } });
    const checks = await chain();
    expect(checks.get("malformed")).toEqual(["fires: InvalidSpec", "1 field breaks a rule"]);
    expect(checks.get("not issued yet")).toEqual(["not looked at", '"malformed" decided before']);
    expect((await world.run("explain web")).out).toContain("refuse: InvalidSpec: spec.duration: Invalid value: 1s");
  });

  it("shows one that is being deleted, and one that was", async () => {
    await putRow(world, readyRow("web", "h"));
    expect((await chain()).get("request gone")).toEqual(["fires", "the object is gone, its row is there"]);
    await putRow(world, readyRow("web", "h", { deletedAt: world.now - 60_000 }));
    expect((await chain()).get("already gone")).toEqual([
      "fires: Gone",
      "no object; it was deleted 2026-11-22T11:59:00Z (60s ago)",
    ]);
  });

  it("fails for one that never was", async () => {
    expect(await world.run("explain web -n shop")).toMatchObject({
      code: 1,
      err: 'error: certificate/web not found in namespace "shop"',
    });
  });

  it("tells what the installation's namespaces refused, as the status has it", async () => {
    const message = 'namespace "default" may not ask for web.example.test; allowed are *.shop.test';
    const hash = await request(world, "web");
    await putRow(world, newRow("web", hash, { ready: ready("False", "NameNotAllowed", message) }));
    expect((await chain()).get("not allowed")).toEqual([
      "fires: NameNotAllowed",
      "by the namespaces of the installation, as dispatch decided",
    ]);
    expect((await world.run("explain web")).out).toContain(`refuse: NameNotAllowed: ${message}\n`);
  });

  it("reads what an edited one was asked with", async () => {
    await putRow(world, readyRow("web", "before"));
    stored();
    await request(world, "web", { spec: { ...specOf("web"), privateKey: { algorithm: "Ed25519" } } });
    expect((await chain()).get("key changed")?.[1]).toBe("what the certificate was asked with is not known");
    const asked = {
      ...{
        dnsNames: ["web.example.test"],
        durationSeconds: 7_776_000,
        usages: ["digital signature", "key encipherment"],
      },
      ...{ keyAlgorithm: "RSA", keySize: 2048, issuer: "_cluster/ClusterIssuer/pebble" },
    };
    const ref = { namespace: "default", name: "web", attemptId: issued("web").attemptId };
    await world.state.putCsr(ref, { csr: "", publicKeyHash: "", names: asked.dnsNames, asked });
    expect((await chain()).get("key changed")).toEqual([
      "fires: SecretMismatch",
      "the key is RSA 2048; wanted is Ed25519",
    ]);
  });

  it("prints the same as JSON and as YAML", async () => {
    await putRow(world, readyRow("web", await request(world, "web")));
    stored();
    const json = JSON.parse((await world.run("explain certificate/web -o json")).out);
    expect(json).toMatchObject({
      ...{ namespace: "default", name: "web", time: "2026-11-22T12:00:00Z" },
      decision: { action: "nothing", reason: "UpToDate" },
    });
    expect(json.checks).toContainEqual({
      ...{ list: "needs", check: "renewalDue", verdict: "passed" },
      facts: "renewal time 2027-01-21T11:00:00Z (in 59d)",
    });
    expect(json.next).toMatch(/^It renews at/);
    expect((await world.run("explain web -o yaml")).out).toContain("check: renewalDue\n");
  });

  it("has colours only where the terminal takes them", async () => {
    await putRow(world, readyRow("web", await request(world, "web")));
    const colour = "\u001b[";
    expect((await world.run("explain web")).out).not.toContain(colour);
    expect((await world.run("explain web", { colour: true })).out).toContain(colour);
  });

  it("writes nothing", async () => {
    await putRow(world, readyRow("web", await request(world, "web")));
    const before = await world.state.certificate(keyOf("web"));
    await world.run("explain web");
    expect(await world.state.certificate(keyOf("web"))).toEqual(before);
  });

  it.each([
    ["explain", "explain which Certificate? give its name"],
    ["explain a b", "explain takes one name"],
    ["explain issuer/le", "only Certificates are decided on by this chain, not issuer/le"],
    ["explain web -o wide", "explain has no -o wide"],
    ["explain web --all", "explain has no option --all"],
  ])("%s is bad usage", async (line, message) => {
    expect(await world.run(line)).toMatchObject({ code: 2, err: `error: ${message}\nSee: certwright help explain` });
  });

  it("helps with examples", async () => {
    expect((await world.run("explain --help")).out).toMatch(
      /Usage:\n {2}certwright explain NAME.*Examples:\n {2}# Why/s,
    );
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import {
  attemptRow,
  clusterIssuer,
  dayMs,
  hourMs,
  issued,
  keyOf,
  makeWorld,
  newRow,
  noon,
  putRow,
  ready,
  readyRow,
  request,
  specOf,
  type World,
} from "./world.ts";

let world: World;
beforeEach(() => {
  world = makeWorld();
});

const issuing = (reason: string, status: "True" | "False" = "True") =>
  ({ type: "Issuing", status, reason, message: "why", lastTransitionTime: "2026-11-22T11:59:50Z" }) as const;

describe("get as a table", () => {
  it("aligns the columns and orders by name", async () => {
    await putRow(world, readyRow("web", await request(world, "web")));
    await putRow(
      world,
      newRow("a-longer-name", await request(world, "a-longer-name"), { issuing: issuing("DoesNotExist") }),
    );
    await request(world, "new");
    expect((await world.run("get certificates")).out).toBe(
      [
        "NAME            READY     SECRET              ISSUER   STATUS     AGE",
        "a-longer-name   False     a-longer-name-tls   pebble   Issuing    60m",
        "new             Unknown   new-tls             pebble   Pending    <unknown>",
        "web             True      web-tls             pebble   UpToDate   60m",
      ].join("\n"),
    );
  });

  const header = ["NAME", "READY", "SECRET", "ISSUER", "STATUS", "AGE"];
  const three = "a.example.test,b.example.test,c.example.test,+2";
  const [end, renewal] = ["2027-02-20T11:00:00Z", "2027-01-21T11:00:00Z"];

  it("shows with -o wide that a Certificate is not renewed by itself; -o json has no time then", async () => {
    const { renewalTime: _, ...issuedOnce } = issued("web");
    const spec = { ...specOf("web"), renewal: { policy: "Disabled" } };
    const row = readyRow("web", await request(world, "web", { spec }));
    await putRow(world, { ...row, issued: issuedOnce, dueAt: issuedOnce.notAfter, lane: "new" });
    const cells = (await world.run("get certs -o wide")).out.split("\n").at(-1)?.split(/ {2,}/);
    expect(cells).toEqual(expect.arrayContaining(["UpToDate", end, "<disabled>"]));
    const { status } = JSON.parse((await world.run("get cert web -o json")).out);
    expect(status).not.toHaveProperty("renewalTime");
    expect(status).toMatchObject({ notAfter: end, nextDecisionTime: end });
  });

  it("shows names, end, renewal, revision and step with -o wide", async () => {
    await putRow(world, readyRow("web", await request(world, "web")));
    const dnsNames = ["a.example.test", "b.example.test", "c.example.test", "d.example.test", "e.example.test"];
    const hash = await request(world, "many", { spec: { ...specOf("many"), dnsNames } });
    const attempt = attemptRow("many", hash, { step: "check-propagation" });
    await world.state.createAttempt(attempt);
    await putRow(
      world,
      newRow("many", hash, {
        issuing: issuing("DoesNotExist"),
        attempt: { id: attempt.ref.attemptId, leaseId: "lease" },
      }),
    );
    expect((await world.run("get certs -o wide")).out.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      [...header, "NAMES", "NOT-AFTER", "RENEWAL", "REVISION", "STEP"],
      [
        "many",
        "False",
        "many-tls",
        "pebble",
        "Issuing",
        "60m",
        three,
        "<none>",
        "<none>",
        "<none>",
        "check-propagation",
      ],
      ["web", "True", "web-tls", "pebble", "UpToDate", "60m", "web.example.test", end, renewal, "1", "<none>"],
    ]);
  });

  it("shows the namespace with -A", async () => {
    await request(world, "web");
    await request(world, "web", { namespace: "shop" });
    expect((await world.run("get cert -A")).out).toBe(
      [
        "NAMESPACE   NAME   READY     SECRET    ISSUER   STATUS    AGE",
        "default     web    Unknown   web-tls   pebble   Pending   <unknown>",
        "shop        web    Unknown   web-tls   pebble   Pending   <unknown>",
      ].join("\n"),
    );
  });

  it("shows issuers with their type", async () => {
    await clusterIssuer(world, "pebble");
    expect((await world.run("get clusterissuers -n anywhere")).out).toBe(
      [
        "NAME     READY   TYPE   STATUS                  AGE",
        "pebble   True    acme   ACMEAccountRegistered   60m",
      ].join("\n"),
    );
    expect((await world.run("get clusterissuer pebble -o wide")).out).toBe(
      [
        "NAME     READY   TYPE   STATUS                  AGE   SERVER                        ACCOUNT",
        "pebble   True    acme   ACMEAccountRegistered   60m   https://127.0.0.1:14000/dir   https://127.0.0.1:14000/my-account/1",
      ].join("\n"),
    );
  });

  it.each([
    ["UpToDate", {}],
    ["Renewing", { issuing: issuing("Renewing"), attempt: { id: "x", leaseId: "l" }, dueAt: noon + 60_000 }],
    ["RateLimited", { issuing: issuing("RateLimited", "False"), dueAt: noon + hourMs }],
    ["Expired", { ready: ready("False", "Expired", "Certificate expired") }],
    ["Pending", { specHash: "of an older spec" }],
    ["Pending", { deletedAt: noon - dayMs }],
  ])("says %s in STATUS", async (word, more) => {
    await putRow(world, readyRow("web", await request(world, "web"), more));
    expect((await world.run("get cert web")).out.split("\n")[1]).toMatch(new RegExp(`pebble +${word} +\\S+$`));
  });

  it("says Pending while a `renew` was not taken up", async () => {
    const hash = await request(world, "web", {
      annotations: { "certwright.dev/renew-requested-at": "2026-11-22T11:59:59Z" },
    });
    await putRow(world, readyRow("web", hash));
    expect((await world.run("get cert web")).out).toContain("Pending");
    await putRow(world, readyRow("web", hash, { renewRequestedAt: "2026-11-22T11:59:59Z" }));
    expect((await world.run("get cert web")).out).toContain("UpToDate");
  });

  it("colours READY on a terminal only", async () => {
    await putRow(world, readyRow("web", await request(world, "web")));
    expect((await world.run("get cert web", { colour: true })).out).toContain("\u001b[32mTrue\u001b[39m    web-tls");
    expect((await world.run("get cert web")).out).not.toContain("\u001b");
  });

  it("shows a bad object too", async () => {
    world.requests.plant("default", "Certificate/bad", { spec: "{not yaml" });
    world.requests.plant("default", "Certificate/worse", {});
    expect((await world.run("get certs")).out).toBe(
      [
        "NAME    READY     SECRET   ISSUER   STATUS    AGE",
        "bad     Unknown   <none>   <none>   Pending   <unknown>",
        "worse   Unknown   <none>   <none>   Pending   <unknown>",
      ].join("\n"),
    );
  });

  it.each([
    ["get certs", "No resources found in default namespace."],
    ["get certs -n shop", "No resources found in shop namespace."],
    ["get certs -A", "No resources found."],
    ["get clusterissuers", "No resources found."],
  ])("%s tells on stderr that there is nothing", async (line, err) => {
    expect(await world.run(line)).toMatchObject({ code: 0, out: "", err });
  });

  it("filters by labels", async () => {
    await request(world, "a", { labels: { team: "web", tier: "1" } });
    await request(world, "b", { labels: { team: "pay" } });
    await request(world, "c");
    const names = async (selector: string) =>
      (await world.run(["get", "certs", "-l", selector])).out
        .split("\n")
        .slice(1)
        .map((line) => line.split(" ")[0]);
    expect(await names("team=web")).toEqual(["a"]);
    expect(await names("team!=web")).toEqual(["b", "c"]);
    expect(await names("team")).toEqual(["a", "b"]);
    expect(await names("!team")).toEqual(["c"]);
    expect(await names("team==web,tier=1")).toEqual(["a"]);
  });
});

describe("get refuses", () => {
  it.each([
    ["get", "which kind?"],
    ["get secrets", 'there is no kind "secrets"'],
    ["get certs -o xml", "-o xml is not known"],
    ["get cert web -A", "a name goes with neither"],
    ["get cert web -l a=b", "a name goes with neither"],
    ["get cert/web issuer", "is not KIND/NAME"],
    ["get certs -l =x", "is no selector"],
    ["get certs --all", "get has no option --all"],
  ])("%s", async (line, message) => {
    const ran = await world.run(line);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain(message);
    expect(ran.err).toContain("See: certwright help get");
  });

  it("an object that is not there, with exit code 1", async () => {
    expect(await world.run("get cert none -n shop")).toMatchObject({
      code: 1,
      out: "",
      err: 'error: certificate/none not found in namespace "shop"',
    });
    expect((await world.run("get clusterissuer none")).err).toBe("error: clusterissuer/none not found");
  });
});

describe("kinds", () => {
  it.each(["certificate", "certificates", "cert", "certs", "Certificate", "certificates.cert-manager.io"])(
    "%s is a Certificate",
    async (word) => {
      await request(world, "web");
      expect((await world.run(["get", word, "web"])).out).toContain("web-tls");
      expect((await world.run(["get", `${word}/web`])).out).toContain("web-tls");
    },
  );

  it.each(["issuer", "issuers", "issuers.cert-manager.io"])("%s is an Issuer", async (word) => {
    await world.requests.put({
      key: keyOf("own", "default", "Issuer"),
      apiVersion: "cert-manager.io/v1",
      spec: { acme: {} },
    });
    expect((await world.run(["get", word])).out).toContain("own");
  });
});

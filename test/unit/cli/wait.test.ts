import { beforeEach, describe, expect, it } from "vitest";
import {
  attemptRow,
  clusterIssuer,
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
  type World,
} from "./world.ts";

let world: World;
beforeEach(() => {
  world = makeWorld();
});

const issuing = (status: "True" | "False", reason: string, message = "why") =>
  ({ type: "Issuing", status, reason, message, lastTransitionTime: "2026-11-22T11:59:50Z" }) as const;
const asked = "2026-11-22T11:59:00.000Z";
const renewAnnotation = { annotations: { "certwright.dev/renew-requested-at": asked } };
const met = { code: 0, out: "certificate/web condition met" };

describe("wait for Ready", () => {
  it("ends at once when the certificate is up to date, whatever the time-out", async () => {
    await putRow(world, readyRow("web", await request(world, "web")));
    for (const line of ["wait certificate/web --for=condition=Ready --timeout=60s", "wait cert web --timeout=0s"])
      expect(await world.run(line)).toMatchObject({ ...met, err: "" });
  });

  it("tells the steps on stderr, each once, with the time since the start", async () => {
    const hash = await request(world, "web");
    const attempt = attemptRow("web", hash);
    const inHand = {
      issuing: issuing("True", "DoesNotExist"),
      attempt: { id: attempt.ref.attemptId, leaseId: "lease" },
    };
    world.meanwhile.push(
      () => world.state.createAttempt(attempt).then(() => putRow(world, newRow("web", hash, inHand))),
      () => world.state.putAttempt({ ...attempt, step: "create-order" }),
      async () => undefined,
      () => world.state.putAttempt({ ...attempt, step: "write-secret" }),
      () => putRow(world, readyRow("web", hash)),
    );
    expect(await world.run("wait certificate/web")).toMatchObject({
      ...met,
      err: [
        "   0.0s  certificate/web  Pending",
        "   0.5s  certificate/web  prepare",
        "   1.0s  certificate/web  create-order",
        "   2.0s  certificate/web  write-secret",
      ].join("\n"),
    });
  });

  it("gives up after the time-out with the reason and exit code 1", async () => {
    const hash = await request(world, "web");
    const message = 'ClusterIssuer "pebble" not found; create it, or correct spec.issuerRef';
    await putRow(
      world,
      newRow("web", hash, { ready: ready("False", "IssuerNotFound", message), waitsForIssuer: true }),
    );
    const ran = await world.run("wait certificate/web --timeout=3s");
    expect(ran).toMatchObject({ code: 1, out: "" });
    expect(ran.err).toContain(
      `error: timed out waiting for certificate/web, Ready=True: Ready is False: IssuerNotFound: ${message}`,
    );
    expect(world.now - noon).toBe(3_000);
  });

  it("fails at once for what is not there", async () => {
    expect(await world.run("wait cert/web")).toMatchObject({
      code: 1,
      err: 'error: certificate/web not found in namespace "default"',
    });
  });

  it("waits for several and reports each", async () => {
    await putRow(world, readyRow("web", await request(world, "web")));
    await request(world, "slow");
    const ran = await world.run("wait cert/web cert/slow --timeout=1s");
    expect(ran).toMatchObject({ code: 1, out: "certificate/web condition met" });
    expect(ran.err).toContain("timed out waiting for certificate/slow, Ready=True: certwright has not yet decided");
  });

  it("works for issuers", async () => {
    await clusterIssuer(world, "pebble");
    expect((await world.run("wait clusterissuer/pebble -n any")).out).toBe("clusterissuer/pebble condition met");
  });
});

describe("wait does not take an old Ready for an answer", () => {
  /** Each row is Ready=True with a working certificate, and yet not what the request asks for. */
  it.each([
    ["State has not yet decided on the edit", {}, { specHash: "of the spec before" }],
    ["the edit waits for a rate limit", {}, { issuing: issuing("False", "RateLimited"), dueAt: noon + hourMs }],
    [
      "the edit is being issued",
      {},
      { issuing: issuing("True", "RequestChanged"), attempt: { id: "a", leaseId: "l" }, dueAt: noon + hourMs },
    ],
    ["a `renew` was not taken up", renewAnnotation, {}],
    [
      "a `renew` is worked on",
      renewAnnotation,
      {
        renewRequestedAt: asked,
        issuing: issuing("True", "ManuallyTriggered"),
        attempt: { id: "a", leaseId: "l" },
        dueAt: noon + hourMs,
      },
    ],
    [
      "a `renew` failed",
      renewAnnotation,
      {
        renewRequestedAt: asked,
        issuing: issuing("False", "OrderFailed"),
        failedIssuanceAttempts: 1,
        dueAt: noon + hourMs,
      },
    ],
  ])("while %s", async (_, wanted, more) => {
    const hash = await request(world, "web", wanted);
    const made = { ...attemptRow("web", "of the spec before"), startedAt: noon - 2 * hourMs };
    await world.state.createAttempt("annotations" in wanted ? { ...made, specHash: hash } : made);
    await putRow(world, readyRow("web", hash, more));
    expect((await world.run("wait cert/web --timeout=1s")).code).toBe(1);
    await putRow(world, readyRow("web", hash, { renewRequestedAt: asked }));
    expect(await world.run("wait cert/web --timeout=1s")).toMatchObject(met);
  });

  it.each([
    ["runs", issuing("True", "Renewing"), { id: "next", leaseId: "l" }],
    ["failed and waits", issuing("False", "OrderFailed"), undefined],
  ])("but a certificate of this very spec serves while its renewal %s", async (_, condition, attempt) => {
    const hash = await request(world, "web");
    await world.state.createAttempt(attemptRow("web", hash));
    const more = { issuing: condition, dueAt: noon + hourMs, ...(attempt ? { attempt } : {}) };
    await putRow(world, readyRow("web", hash, more));
    expect(await world.run("wait cert/web --timeout=1s")).toMatchObject(met);
  });

  it("and an answered `renew` of long ago is no obstacle to a later renewal", async () => {
    const hash = await request(world, "web", renewAnnotation);
    await world.state.createAttempt(attemptRow("web", hash, { startedAt: Date.parse(asked) + 1_000 }));
    const more = {
      renewRequestedAt: asked,
      issuing: issuing("True", "Renewing"),
      attempt: { id: "next", leaseId: "l" },
      dueAt: noon + hourMs,
    };
    await putRow(world, readyRow("web", hash, more));
    expect(await world.run("wait cert/web --timeout=1s")).toMatchObject(met);
  });

  it("names the failed issuance as the reason, not the Ready that stands", async () => {
    const hash = await request(world, "web", renewAnnotation);
    const failed = issuing("False", "OrderFailed", "the CA refused web.example.test; look at its DNS");
    await putRow(world, readyRow("web", hash, { renewRequestedAt: asked, issuing: failed, dueAt: noon + hourMs }));
    expect((await world.run("wait cert/web --timeout=1s")).err).toContain(
      "Issuing is False: OrderFailed: the CA refused web.example.test; look at its DNS",
    );
  });
});

describe("wait for other things", () => {
  it.each([
    ["condition=Ready=False", 1],
    ["condition=Ready=True", 0],
    ["condition=Issuing=False", 0],
    ["condition=Issuing", 1],
    ["condition=ready", 0],
  ])("--for=%s ends with %i for a certificate that is up to date", async (goal, code) => {
    await putRow(world, readyRow("web", await request(world, "web")));
    expect((await world.run(`wait cert/web --for=${goal} --timeout=1s`)).code).toBe(code);
  });

  it("--for=delete waits until the request is gone and State has forgotten it", async () => {
    const row = readyRow("web", await request(world, "web"));
    await putRow(world, row);
    world.meanwhile.push(
      () => world.requests.delete(keyOf("web")),
      () => putRow(world, { ...newRow("web", row.specHash), deletedAt: noon }),
    );
    expect(await world.run("wait cert/web --for=delete")).toMatchObject({ code: 0, out: "certificate/web deleted" });
    expect(world.now - noon).toBe(1_000);
  });

  it("--for=delete is done when there never was one", async () => {
    expect((await world.run("wait cert/none --for=delete")).code).toBe(0);
  });

  it("--for=delete times out while it is still there", async () => {
    await putRow(world, readyRow("web", await request(world, "web")));
    expect((await world.run("wait cert/web --for=delete --timeout=1s")).err).toContain(
      "timed out waiting for certificate/web, its deletion",
    );
  });

  it("takes durations as Go writes them", async () => {
    await request(world, "web");
    await world.run("wait cert/web --timeout=1m30s");
    expect(world.now - noon).toBe(90_000);
  });

  it.each([
    ["wait", "which kind?"],
    ["wait certificate", "which certificate? give its name"],
    ["wait cert/web --for=ready", "--for=ready is not known"],
    ["wait cert/web --for=condition=Happy", "is not known"],
    ["wait cert/web --timeout=soon", "--timeout: time: invalid duration"],
    ["wait cert/web --timeout=60", "missing unit"],
  ])("%s is bad usage", async (line, message) => {
    const ran = await world.run(line);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(message);
  });

  it("shows the issued certificate's data nowhere in its output", async () => {
    await putRow(world, readyRow("web", await request(world, "web")));
    const { out, err } = await world.run("wait cert/web");
    expect(out + err).not.toContain(issued("web").secretArn);
  });
});

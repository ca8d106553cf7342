import { beforeEach, describe, expect, it } from "vitest";
import { makeServerCertificate } from "../../support/test-chain.ts";
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
  specOf,
  type World,
} from "./world.ts";

let world: World;
beforeEach(() => {
  world = makeWorld();
});

const id = issued("web").attemptId;
const issuing = (status: "True" | "False", reason: string, message = "why") =>
  ({ type: "Issuing", status, reason, message, lastTransitionTime: "2026-11-22T11:59:50Z" }) as const;
const next = async (line = "describe certificate web") => (await world.run(line)).out.split("Next:\n  ")[1];

describe("describe certificate", () => {
  it("numbers the attempts that were issued as history does", async () => {
    const hash = await request(world, "web");
    await putRow(world, readyRow("web", hash));
    const outcome = { result: "issued", reason: "Issued", message: "stored", at: noon } as const;
    await world.state.createAttempt(attemptRow("web", hash, { step: "write-secret", revision: 7, outcome }));
    expect((await world.run("describe certificate web")).out).toMatch(/write-secret {3}issued: revision 7\n/);
  });

  it("tells everything about one that is up to date", async () => {
    const hash = await request(world, "web", { labels: { team: "web", app: "shop" } });
    await putRow(world, readyRow("web", hash));
    const outcome = { result: "issued", reason: "Issued", message: "stored", at: noon - hourMs + 5_200 } as const;
    await world.state.createAttempt(
      attemptRow("web", hash, { startedAt: noon - hourMs, step: "write-secret", outcome }),
    );
    const event = { key: keyOf("web"), type: "Normal", attemptId: id } as const;
    await world.state.addEvent({ ...event, at: noon - hourMs, reason: "Issuing", message: "issuing" });
    await world.state.addEvent({ ...event, at: noon - hourMs + 5_200, reason: "Issued", message: "stored in Secret" });
    expect((await world.run("describe certificate web")).out).toBe(
      `Name:         web
Namespace:    default
Kind:         Certificate
API Version:  cert-manager.io/v1
Labels:       app=shop
              team=web
Annotations:  <none>
Generation:   1
DNS Names:    web.example.test
Issuer:       ClusterIssuer/pebble
Secret:       certwright/default/web-tls

Conditions:
  TYPE    STATUS   REASON   SINCE   MESSAGE
  Ready   True     Ready    60m     Certificate is up to date and has not expired

Certificate:
  Revision:      1
  Not Before:    2026-11-22T11:00:00Z (60m ago)
  Not After:     2027-02-20T11:00:00Z (in 89d)
  Renewal Time:  2027-01-21T11:00:00Z (in 59d)
  SHA-256:       ${"ab".repeat(32)}
  Stored In:     secretsManager, ${issued("web").secretArn}
  Version:       ${id}

Attempts:
  ATTEMPT    GENERATION   WHY            STARTED   TOOK   STEP           RESULT
  11111111   1            DoesNotExist   60m ago   5.2s   write-secret   issued

Events:
  AGE   TYPE     REASON    ATTEMPT    MESSAGE
  60m   Normal   Issuing   11111111   issuing
  59m   Normal   Issued    11111111   stored in Secret

Next:
  It renews at 2027-01-21T11:00:00Z (in 59d), because two thirds of its lifetime of 90 days are over then (moved a little earlier so that certificates issued together do not renew together).`,
    );
  });

  it("says of a Certificate that is not renewed by itself when it ends, and that it has ended", async () => {
    const { renewalTime: _, ...issuedOnce } = issued("web");
    const spec = { ...specOf("web"), renewal: { policy: "Disabled" } };
    const row = { ...readyRow("web", await request(world, "web", { spec })), issued: issuedOnce, lane: "new" } as const;
    await putRow(world, { ...row, dueAt: issuedOnce.notAfter });
    const { out } = await world.run("describe cert web");
    expect(out).toMatch(/Renewal Time: +<none>: spec\.renewal\.policy is Disabled/);
    expect(out).toMatch(
      /Next:\n {2}Nothing: spec\.renewal\.policy is Disabled\. It ends at 2027-02-20T11:00:00Z \(in 89d\)\. To/,
    );
    const { dueAt: _due, ...ended } = { ...row, ready: ready("False", "Expired", "Certificate expired"), version: 1 };
    await putRow(world, ended);
    world.now = issuedOnce.notAfter + hourMs;
    const after = await world.run("describe cert web");
    expect(after.out).toMatch(
      /Disabled\. It has ended at 2027-02-20T11:00:00Z \(60m ago\)\. To renew it: certwright renew web/,
    );
  });

  it("says that windows move the renewal", async () => {
    const spec = { ...specOf("web"), renewal: { windows: [{ cron: "0 2 * * *", windowDuration: "1h" }] } };
    await putRow(world, readyRow("web", await request(world, "web", { spec })));
    expect((await world.run("describe cert web")).out).toContain(
      "do not renew together, then into a window of spec.renewal)",
    );
  });

  it("reads issuer, names and serial number from the public chain", async () => {
    await putRow(world, readyRow("web", await request(world, "web")));
    const { cert } = await makeServerCertificate();
    await world.state.putChain({ namespace: "default", name: "web", attemptId: id }, { chain: cert }, 0);
    const { out } = await world.run("describe certificate web");
    expect(out).toMatch(/Issued By: +CN=test server\n/);
    expect(out).toMatch(/Names: +IP Address:127\.0\.0\.1, localhost\n/);
    expect(out).toMatch(/Serial Number: +[0-9a-f]+\n/);
  });

  it("shows a failure with its reason, its fix, the step it stopped in, and the next try", async () => {
    const hash = await request(world, "web");
    const message = "Route 53 has no public zone for web.example.test; create the zone, or correct the name";
    const more = {
      ready: ready("False", "ZoneNotFound", message),
      issuing: issuing("False", "ZoneNotFound", message),
      failedIssuanceAttempts: 2,
      lastFailureTime: "2026-11-22T11:58:00Z",
      attempt: { id },
      dueAt: noon + 9 * 60_000,
    };
    await putRow(world, newRow("web", hash, more));
    await world.state.createAttempt(attemptRow("web", hash, { step: "publish-challenge", startedAt: noon - 120_000 }));
    const { out } = await world.run("describe certificate web");
    expect(out).toContain(`Ready     False    ZoneNotFound   60m     ${message}`);
    expect(out).toContain("Failed Attempts:  2\nLast Failure:     2026-11-22T11:58:00Z");
    expect(out).toContain("DoesNotExist   2m ago    2m so far   publish-challenge   waiting");
    expect(out).toContain(
      `Next:\n  Attempt ${id} goes on at 2026-11-22T12:09:00Z (in 9m), with the same order and key (ZoneNotFound).`,
    );
  });

  it("shows how an attempt ended", async () => {
    const hash = await request(world, "web");
    await putRow(world, newRow("web", hash, { dueAt: noon + hourMs, failedIssuanceAttempts: 1 }));
    const outcome = { errorClass: "RefusedError", message: "no", at: noon } as const;
    await world.state.createAttempt(
      attemptRow("web", hash, { outcome: { ...outcome, result: "failed", reason: "ChallengeFailed" } }),
    );
    const ref = { namespace: "default", name: "web", attemptId: "99999999-2222-4333-8444-555555555555" };
    await world.state.createAttempt(
      attemptRow("web", hash, { ref, outcome: { ...outcome, result: "superseded", reason: "Superseded" } }),
    );
    const lost = { namespace: "default", name: "web", attemptId: "88888888-2222-4333-8444-555555555555" };
    await world.state.createAttempt(attemptRow("web", hash, { ref: lost }));
    const { out } = await world.run("describe certificate web", { colour: true });
    expect(out).toMatch(/88888888 .* - +prepare +given up/);
    expect(out).toContain("\u001b[31mfailed: ChallengeFailed\u001b[39m");
    expect(out).toContain("superseded: Superseded");
  });

  it.each([
    ["was never decided on", undefined, "certwright decides on what the object says now: within seconds"],
    ["changed since", { specHash: "older" }, "certwright decides on what the object says now"],
    ["cannot be served", {}, "Nothing, until the object changes"],
    [
      "waits for its issuer",
      { waitsForIssuer: true, dueAt: noon + 60_000 },
      "It waits for _cluster/ClusterIssuer/pebble and goes on within seconds",
    ],
    [
      "is being issued",
      { attempt: { id, leaseId: "l" }, dueAt: noon + 60_000 },
      `Attempt ${id} is running. Should its execution die, it resumes at 2026-11-22T12:01:00Z (in 60s)`,
    ],
    [
      "is tried again",
      { dueAt: noon + hourMs, ready: ready("False", "ChallengeFailed", "no") },
      "Next try at 2026-11-22T13:00:00Z (in 60m), because of ChallengeFailed. To try at once: certwright renew web -n default",
    ],
    [
      "waits for a token",
      { dueAt: noon + hourMs, issuing: issuing("False", "RateLimited") },
      "Next try at 2026-11-22T13:00:00Z (in 60m), because of RateLimited.",
    ],
  ])("says what happens next to one that %s", async (_, more, text) => {
    const hash = await request(world, "web");
    if (more) await putRow(world, newRow("web", hash, more));
    expect(await next()).toContain(text);
  });

  it.each([
    ["its issuer", { waitsForIssuer: true }, "It waits for _cluster/ClusterIssuer/pebble"],
    ["a token", { issuing: issuing("False", "RateLimited") }, "Next try at 2026-11-22T13:00:00Z (in 60m)"],
    ["nothing", {}, "certwright decides on what the object says now: within seconds"],
  ])("says what happens next to one whose renewal by hand waits for %s", async (_, more, text) => {
    const annotations = { "certwright.dev/renew-requested-at": "2026-11-22T11:59:00Z" };
    const hash = await request(world, "web", { annotations });
    await putRow(world, readyRow("web", hash, { ...more, dueAt: noon + hourMs }));
    expect(await next()).toContain(text);
  });

  it.each([
    ["renewBefore", { renewBefore: "360h" }, "because spec.renewBefore is 360h"],
    ["renewBeforePercentage", { renewBeforePercentage: 25 }, "because spec.renewBeforePercentage is 25"],
  ])("gives %s as the reason for its renewal time", async (_, more, text) => {
    await putRow(world, readyRow("web", await request(world, "web", { spec: { ...specOf("web"), ...more } })));
    expect(await next()).toContain(text);
  });

  it("describes all of a namespace, and says when there is none", async () => {
    await request(world, "a");
    await request(world, "b");
    const { out } = await world.run("describe certs");
    expect(out).toMatch(/^Name: +a\n/);
    expect(out).toMatch(/\n\nName: +b\n/);
    expect(await world.run("describe certs -n none")).toMatchObject({ code: 0, out: "", err: "No resources found." });
  });

  it.each([
    ["describe cert none", 1],
    ["describe", 2],
    ["describe thing web", 2],
    ["describe cert web -o json", 2],
  ])("%s ends with %i", async (line, code) => {
    expect((await world.run(line)).code).toBe(code);
  });
});

describe("describe issuer", () => {
  it("tells its account and who waits for it", async () => {
    await clusterIssuer(world, "pebble");
    await putRow(world, newRow("web", await request(world, "web"), { waitsForIssuer: true, dueAt: noon + 60_000 }));
    expect((await world.run("describe clusterissuer pebble")).out).toBe(
      `Name:           pebble
Kind:           ClusterIssuer
API Version:    cert-manager.io/v1
Labels:         <none>
Annotations:    <none>
Generation:     1
Type:           acme
Server:         https://127.0.0.1:14000/dir
Account:        https://127.0.0.1:14000/my-account/1
Account Email:  ops@example.test
Account Key:    x
Waiting:        default/Certificate/web

Conditions:
  TYPE    STATUS   REASON                  SINCE   MESSAGE
  Ready   True     ACMEAccountRegistered   60m     The ACME account was registered with the ACME server

Events:  <none>

Next:
  Nothing: it is ready, and is checked again when it changes.`,
    );
  });

  it("says when it is checked again", async () => {
    await clusterIssuer(world, "pebble");
    const row = await world.state.issuer(keyOf("pebble", "_cluster", "ClusterIssuer"));
    if (!row) throw new Error("it was just put");
    await world.state.putIssuer({
      ...row,
      ready: ready("False", "ErrRegisterACMEAccount", "refused"),
      dueAt: noon + hourMs,
    });
    expect(await next("describe clusterissuer pebble")).toBe("It is checked again at 2026-11-22T13:00:00Z (in 60m).");
  });
});

import { X509Certificate } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { csrItem } from "../../support/realistic-rows.ts";
import { makeServerCertificate } from "../../support/test-chain.ts";
import {
  attemptRow,
  dayMs,
  hourMs,
  issued,
  makeWorld,
  noon,
  putRow,
  readyRow,
  request,
  specOf,
  type World,
} from "./world.ts";

let world: World;
beforeEach(() => {
  world = makeWorld();
});

const current = issued("web").attemptId;
const ref = (attemptId: string) => ({ namespace: "default", name: "web", attemptId });
const { cert: chain } = await makeServerCertificate();
const leaf = new X509Certificate(chain);
const serial = leaf.serialNumber.toLowerCase();

/** web: revision 2 in use since an hour, revision 1 before it, and what failed since. */
async function twoRevisions(spec: object = { revisionHistoryLimit: 2 }): Promise<void> {
  const hash = await request(world, "web", { spec: { ...specOf("web"), ...spec } });
  await putRow(world, readyRow("web", hash, { revision: 2 }));
  const before = "99999999-2222-4333-8444-555555555555";
  const done = { result: "issued", reason: "Issued", message: "stored" } as const;
  await world.state.createAttempt(
    attemptRow("web", hash, {
      ref: ref(before),
      revision: 1,
      startedAt: noon - 60 * dayMs,
      outcome: { ...done, at: noon - 60 * dayMs + 5_000 },
    }),
  );
  await world.state.createAttempt(
    attemptRow("web", hash, {
      reason: "Renewing",
      revision: 2,
      startedAt: noon - hourMs,
      outcome: { ...done, at: noon - hourMs + 5_000 },
    }),
  );
  await world.state.putChain(ref(current), { chain }, 2_000_000_000);
  await world.state.putCsr(ref(current), csrItem());
}

describe("history", () => {
  it("lists the newest revisions, the one in use marked, and says what it does not know", async () => {
    await twoRevisions();
    const { code, out } = await world.run("history web");
    expect(code).toBe(0);
    const notAfter = leaf.validToDate.toISOString().replace(".000", "");
    const [head, first, second, ...more] = out.split("\n");
    expect(head?.split(/ {2,}/)).toEqual(["REVISION", "STATUS", "ISSUED", "REASON", "SERIAL", "NOT-AFTER", "ATTEMPT"]);
    expect(first?.split(/ {2,}/)).toEqual([
      ...["2", "in use", "2026-11-22T11:00:05Z (59m ago)", "Renewing", serial, notAfter, "11111111"],
    ]);
    expect(second?.split(/ {2,}/)).toEqual([
      ...["1", "replaced", "2026-09-23T12:00:05Z (59d ago)", "DoesNotExist", "<unknown>", "<unknown>", "99999999"],
    ]);
    expect(more).toEqual([]);
  });

  it("lists no more than spec.revisionHistoryLimit: one, unless it says more, also where the spec is not valid", async () => {
    await twoRevisions({});
    expect((await world.run("history web")).out.split("\n")).toHaveLength(2);
    await twoRevisions({ revisionHistoryLimit: 0 });
    expect((await world.run("history certificate/web")).out.split("\n")).toHaveLength(2);
    await twoRevisions({ revisionHistoryLimit: 9 });
    expect((await world.run("history web")).out.split("\n")).toHaveLength(3);
  });

  it("adds issuer and fingerprint in a wide table", async () => {
    await twoRevisions();
    const [head, first] = (await world.run("history web -o wide")).out.split("\n");
    expect(head).toMatch(/ATTEMPT +NOT-BEFORE +ISSUER +SHA-256$/);
    const fingerprint = leaf.fingerprint256.replaceAll(":", "").toLowerCase();
    expect(first).toMatch(new RegExp(`11111111 +2\\S+Z +_cluster/ClusterIssuer/pebble +${fingerprint}$`));
  });

  it("prints each with chain and request as JSON, and the same as YAML", async () => {
    await twoRevisions();
    const history = JSON.parse((await world.run("history web -o json")).out);
    expect(history).toMatchObject({ namespace: "default", name: "web", revisionHistoryLimit: 2, failedSince: [] });
    expect(history.revisions).toMatchObject([
      {
        revision: 2,
        current: true,
        issuedAt: "2026-11-22T11:00:05Z",
        reason: "Renewing",
        serialNumber: serial,
        attempt: current,
      },
      { revision: 1, current: false, issuedAt: "2026-09-23T12:00:05Z" },
    ]);
    expect(history.revisions[0].certificate).toBe(chain);
    const [begin, ...body] = history.revisions[0].request.trim().split("\n");
    expect([begin, body.pop()]).toEqual(["-----BEGIN CERTIFICATE REQUEST-----", "-----END CERTIFICATE REQUEST-----"]);
    expect(body.join("")).toBe(csrItem().csr);
    expect((await world.run("history web -o yaml")).out).toMatch(
      /^namespace: default\nname: web\nrevisionHistoryLimit: 2\n/,
    );
  });

  it("takes what State knows of the one in use where its attempt and chain are gone", async () => {
    const hash = await request(world, "web");
    await putRow(world, readyRow("web", hash, { revision: 7 }));
    const { fingerprint } = issued("web");
    expect(JSON.parse((await world.run("history web -o json")).out).revisions).toEqual([
      {
        revision: 7,
        current: true,
        notBefore: "2026-11-22T11:00:00Z",
        notAfter: "2027-02-20T11:00:00Z",
        fingerprint,
        attempt: current,
      },
    ]);
    expect((await world.run("history web")).out).toMatch(
      /7 +in use +<unknown> +<unknown> +<unknown> +2027-02-20T11:00:00Z +11111111$/,
    );
  });

  it("tells what failed since the newest, the attempt in hand too, and not what failed before", async () => {
    await twoRevisions();
    const failed = { result: "failed", errorClass: "RefusedError", reason: "OrderFailed", message: "CAA" } as const;
    for (const [number, startedAt] of [noon - 2 * hourMs, noon - 30 * 60_000].entries()) {
      const id = `7777777${number}-2222-4333-8444-555555555555`;
      const outcome = { ...failed, at: startedAt + 60_000 };
      await world.state.createAttempt(
        attemptRow("web", "h", { ref: ref(id), startedAt, reason: "RequestChanged", step: "create-order", outcome }),
      );
    }
    const inHand = "88888888-2222-4333-8444-555555555555";
    await world.state.createAttempt(
      attemptRow("web", "h", { ref: ref(inHand), startedAt: noon - 60_000, step: "validate-challenge" }),
    );
    const row = await world.state.certificate({ namespace: "default", kind: "Certificate", name: "web" });
    await putRow(world, {
      ...readyRow("web", row?.specHash ?? "", { revision: 2 }),
      attempt: { id: inHand },
      issuing: {
        type: "Issuing",
        status: "False",
        reason: "ChallengeFailed",
        message: "no TXT",
        lastTransitionTime: "2026-11-22T11:59:40Z",
      },
      lastFailureTime: "2026-11-22T11:59:40Z",
    });
    const [, part = ""] = (await world.run("history web")).out.split("\n\n");
    expect(part.split("\n").map((line) => line.trim().split(/ {2,}/))).toEqual([
      ["Failed since:"],
      ["ATTEMPT", "WHY", "FAILED", "STEP", "REASON", "MESSAGE"],
      ["88888888", "DoesNotExist", "20s ago", "validate-challenge", "ChallengeFailed", "no TXT"],
      ["77777771", "RequestChanged", "29m ago", "create-order", "OrderFailed", "CAA"],
    ]);
  });

  it("of what was never issued says so", async () => {
    await request(world, "web");
    expect(await world.run("history web")).toMatchObject({ code: 0, out: "Nothing was issued yet." });
    expect(JSON.parse((await world.run("history web -o json")).out).revisions).toEqual([]);
  });

  it.each([
    ["history", 2, "the history of which Certificate? give its name"],
    ["history a b", 2, "history takes one name"],
    ["history issuer/a", 2, "only Certificates are issued in revisions, not issuer/a"],
    ["history nobody", 1, 'certificate/nobody not found in namespace "default"'],
  ])("%s: exit code %i", async (line, code, text) => {
    const ran = await world.run(line);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain(text);
  });
});

import { X509Certificate } from "node:crypto";
import { DeleteSecretCommand } from "@aws-sdk/client-secrets-manager";
import { beforeAll, describe, expect, it } from "vitest";
import { certificate, openBed } from "../support/integration-bed.ts";
import { certwright } from "../support/integration-cli.ts";
import { leafOf } from "../support/integration-leaf.ts";
import { attemptsOf, untilExecutionsEnd } from "../support/issuance-counts.ts";

const bed = openBed();
const { stack } = bed;
const wish = (prefix: string, more: object = {}) => {
  const name = bed.fresh(prefix);
  return certificate({ name, issuer: "pebble", dnsNames: [`${name}.example.test`], ...more });
};
const nightly = { cron: "30 3 * * *", windowDuration: "1h" };
const windowed = wish("windowed", { more: { renewal: { windows: [nightly] } } });
const disabled = wish("disabled", {
  more: { renewal: { policy: "Disabled" } },
  annotations: { "certwright.dev/store": "s3" },
});
const gone = wish("explained");
const kept = wish("kept", { more: { revisionHistoryLimit: 2 } });
const orphan = certificate({ name: bed.fresh("orphan"), issuer: "nobody", dnsNames: ["orphan.example.test"] });

const run = async (...args: string[]) => {
  const ran = await certwright(stack, args);
  expect(ran.code, ran.stderr).toBe(0);
  return ran.stdout;
};
const explained = async ({ metadata }: typeof gone) => JSON.parse(await run("explain", metadata.name, "-o", "json"));
const fires = (all: { checks: { verdict: string; check: string }[] }) =>
  all.checks.filter(({ verdict }) => verdict === "fires").map(({ check }) => check);

beforeAll(async () => {
  await bed.put([windowed, disabled, gone, kept, orphan]);
  await bed.ready([windowed, disabled, gone, kept]);
  await bed.shown([orphan], ({ ready }) => ready?.reason === "IssuerNotFound");
});

describe("explain on a deployed installation", () => {
  it("shows a renewal that a window moved, read from the real tables", async () => {
    const seen = await explained(windowed);
    expect(fires(seen)).toEqual(["upToDate"]);
    const due = seen.checks.find(({ check }: { check: string }) => check === "renewalDue");
    expect(due.facts).toMatch(/^renewal time \d{4}-\d\d-\d\dT(03:[345]\d|04:[012]\d):\d\dZ \(in /);
    expect(seen.next).toContain("then into a window of spec.renewal");
  });

  it("shows one that is not renewed by itself, and that it comes without an issuer", async () => {
    expect((await explained(disabled)).next).toMatch(/^Nothing: spec\.renewal\.policy is Disabled\. It ends at/);
    expect(fires(await explained(orphan))).toEqual(["notIssuedYet", "issuerUnknown"]);
  });

  it("sees by DescribeSecret that somebody deleted the secret", async () => {
    const secret = `certwright/default/${gone.metadata.name}-tls`;
    const { secrets } = stack.clients;
    await secrets.send(new DeleteSecretCommand({ SecretId: secret, ForceDeleteWithoutRecovery: true }));
    const seen = await explained(gone);
    expect(fires(seen)[0]).toBe("secretGone");
    expect(seen.decision).toMatchObject({ action: "issue", reason: "DoesNotExist" });
  });
});

describe("inspect secret on a deployed installation", () => {
  it.each([
    ["Secrets Manager", windowed, "secretsManager"],
    ["S3", disabled, "s3"],
  ])("reads the certificate in %s", async (_where, manifest, store) => {
    const seen = JSON.parse(await run("inspect", "secret", `${manifest.metadata.name}-tls`, "-o", "json"));
    expect(seen).toMatchObject({
      ...{ store, dnsNames: [`${manifest.metadata.name}.example.test`], privateKey: "fits the certificate" },
      ...{ publicKeyAlgorithm: "ECDSA P-256", isCA: false, trustedByThisComputer: { trusted: false } },
    });
    if (store === "secretsManager") expect(seen.serialNumber).toBe(leafOf(await bed.read(manifest)).serialNumber);
    expect(JSON.stringify(seen)).not.toContain("PRIVATE KEY");
  });
});

describe("history on a deployed installation", () => {
  it("lists as many revisions as the spec keeps, with their chains and requests, which are kept for a renewal to come", async () => {
    const { name } = kept.metadata;
    for (const revision of [2, 3]) {
      await run("renew", name);
      await stack.waitFor({ namespace: "default", name }, (row) => row.revision === revision && !row.attempt);
    }
    await untilExecutionsEnd(stack, [kept]);
    const { revisions, failedSince } = JSON.parse(await run("history", name, "-o", "json"));
    const [newest, former] = revisions.map(
      ({ certificate }: { certificate: string }) => new X509Certificate(certificate),
    );
    expect(revisions).toMatchObject([
      { revision: 3, current: true, reason: "ManuallyTriggered", serialNumber: newest.serialNumber.toLowerCase() },
      { revision: 2, current: false, reason: "ManuallyTriggered", serialNumber: former.serialNumber.toLowerCase() },
    ]);
    expect(failedSince).toEqual([]);
    expect(newest.serialNumber).toBe(leafOf(await bed.read(kept)).serialNumber);
    expect(former.serialNumber).not.toBe(newest.serialNumber);
    for (const { request } of revisions) expect(request).toContain("BEGIN CERTIFICATE REQUEST");
    expect((await run("history", name)).split("\n")).toHaveLength(4);
    const lifetime = newest.validToDate.getTime() - newest.validFromDate.getTime();
    const ends = (await attemptsOf(stack, kept)).map(({ expiresAt = 0 }) => expiresAt * 1_000);
    expect(ends[0]).toBeGreaterThan(newest.validToDate.getTime() + lifetime);
    expect(ends[1]).toBeGreaterThan(newest.validToDate.getTime());
  });
});

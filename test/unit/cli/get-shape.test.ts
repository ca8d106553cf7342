import { beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  attemptRow,
  clusterIssuer,
  dayMs,
  hourMs,
  issued,
  makeWorld,
  newRow,
  noon,
  putRow,
  readyRow,
  request,
  type World,
} from "./world.ts";

let world: World;
beforeEach(() => {
  world = makeWorld();
});

const issuing = (reason: string) =>
  ({ type: "Issuing", status: "True", reason, message: "why", lastTransitionTime: "2026-11-22T11:59:50Z" }) as const;

describe("get as Kubernetes' shape", () => {
  it("prints one object with metadata, spec, conditions and RFC 3339 times", async () => {
    const hash = await request(world, "web", { labels: { b: "2", a: "1" } });
    await putRow(world, readyRow("web", hash, { failedIssuanceAttempts: 2, lastFailureTime: "2026-11-22T11:30:00Z" }));
    const { out } = await world.run("get certificate web -o json");
    expect(out).toBe(
      JSON.stringify(
        {
          apiVersion: "cert-manager.io/v1",
          kind: "Certificate",
          metadata: { name: "web", namespace: "default", generation: 1, labels: { a: "1", b: "2" } },
          spec: {
            dnsNames: ["web.example.test"],
            issuerRef: { kind: "ClusterIssuer", name: "pebble" },
            secretName: "web-tls",
          },
          status: {
            conditions: [
              {
                type: "Ready",
                status: "True",
                observedGeneration: 1,
                lastTransitionTime: "2026-11-22T11:00:00Z",
                reason: "Ready",
                message: "Certificate is up to date and has not expired",
              },
            ],
            observedGeneration: 1,
            notBefore: "2026-11-22T11:00:00Z",
            notAfter: "2027-02-20T11:00:00Z",
            renewalTime: "2027-01-21T11:00:00Z",
            revision: 1,
            failedIssuanceAttempts: 2,
            lastFailureTime: "2026-11-22T11:30:00Z",
            nextDecisionTime: "2027-01-21T11:00:00Z",
            secretArn: issued("web").secretArn,
            secretVersionId: issued("web").versionId,
            store: "secretsManager",
            fingerprint: issued("web").fingerprint,
          },
        },
        undefined,
        4,
      ),
    );
  });

  it("shows what the CA suggests where cert-manager shows it, and the renewal time that comes of it", async () => {
    const hash = await request(world, "web");
    const window = { start: noon + 10 * dayMs, end: noon + 12 * dayMs, chosenAt: noon + 11 * dayMs };
    const ari = {
      certId: "a.b",
      window,
      explanationUrl: "https://ca.test/why",
      checkedAt: noon,
      nextCheckAt: noon + hourMs,
    };
    const row = readyRow("web", hash, { ari: { ...ari, lastError: "x" }, dueAt: ari.nextCheckAt, lane: "new" });
    await putRow(world, row);
    const { status } = JSON.parse((await world.run("get certificate/web -o json")).out);
    expect(status.acme).toEqual({
      ari: {
        suggestedWindow: { start: "2026-12-02T12:00:00Z", end: "2026-12-04T12:00:00Z" },
        explanationURL: "https://ca.test/why",
        lastChecked: "2026-11-22T12:00:00Z",
        nextCheck: "2026-11-22T13:00:00Z",
        lastError: "x",
      },
    });
    expect(status).toMatchObject({ renewalTime: "2026-12-03T12:00:00Z", nextDecisionTime: "2026-11-22T13:00:00Z" });
    const wide = (await world.run("get certificate/web -o wide")).out;
    expect(wide).toContain("2026-12-03T12:00:00Z");
    expect(wide).toContain("UpToDate");
  });

  it("shows the step and the execution while an attempt runs", async () => {
    const hash = await request(world, "web");
    const attempt = attemptRow("web", hash, { step: "finalize-order" });
    await world.state.createAttempt(attempt);
    const executionArn = "arn:aws:states:eu-central-1:000000000000:execution:certwright-issue-certificates:lease";
    const inHand = { id: attempt.ref.attemptId, leaseId: "lease", executionArn };
    await putRow(
      world,
      newRow("web", hash, { issuing: issuing("DoesNotExist"), attempt: inHand, dueAt: noon + 60_000 }),
    );
    const { status } = JSON.parse((await world.run("get certificate/web -o json")).out);
    expect(status).toMatchObject({ step: "finalize-order", attempt: attempt.ref.attemptId, executionArn });
    expect(status.conditions.map(({ type }: { type: string }) => type)).toEqual(["Ready", "Issuing"]);
  });

  it("counts an edit that was not decided on as the next generation", async () => {
    await request(world, "web");
    await putRow(world, readyRow("web", "an older hash", { generation: 3 }));
    const { metadata, status } = JSON.parse((await world.run("get cert web -o json")).out);
    expect([metadata.generation, status.observedGeneration]).toEqual([4, 3]);
  });

  it("prints the same bytes each time, however the table orders its keys", async () => {
    await request(world, "a", {
      spec: { secretName: "x", issuerRef: { kind: "Issuer", name: "i" }, dnsNames: ["a.example.test"] },
    });
    const first = await world.run("get certs -o json");
    await request(world, "a", {
      spec: { dnsNames: ["a.example.test"], issuerRef: { name: "i", kind: "Issuer" }, secretName: "x" },
    });
    expect((await world.run("get certs -o json")).out).toBe(first.out);
  });

  it("wraps many, and none, in a List", async () => {
    expect(JSON.parse((await world.run("get certs -o json")).out)).toEqual({
      apiVersion: "v1",
      kind: "List",
      metadata: { resourceVersion: "" },
      items: [],
    });
    await request(world, "b");
    await request(world, "a");
    const names = (text: string) =>
      JSON.parse(text).items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
    expect(names((await world.run("get certs -o json")).out)).toEqual(["a", "b"]);
    expect(names((await world.run("get cert b a -o json")).out)).toEqual(["b", "a"]);
  });

  it("prints YAML that apply takes back unchanged", async () => {
    await putRow(world, readyRow("web", await request(world, "web", { labels: { team: "web" } })));
    const yaml = await world.run("get cert web -o yaml");
    expect(yaml.out).toContain('notAfter: "2027-02-20T11:00:00Z"');
    expect(parse(yaml.out)).toEqual(JSON.parse((await world.run("get cert web -o json")).out));
    expect((await world.run("apply -f -", { stdin: yaml.out })).out).toBe("certificate/web unchanged");
  });

  it("reads a spec that was written as text", async () => {
    world.requests.plant("default", "Certificate/web", { spec: "{secretName: web-tls, dnsNames: [web.example.test]}" });
    const { apiVersion, spec } = JSON.parse((await world.run("get cert web -o json")).out);
    expect(apiVersion).toBe("certwright.dev/v1");
    expect(spec).toEqual({ dnsNames: ["web.example.test"], secretName: "web-tls" });
  });

  it("has no namespace, and an ACME account, for a ClusterIssuer", async () => {
    await clusterIssuer(world, "pebble");
    const { metadata, status } = JSON.parse((await world.run("get clusterissuer pebble -o json")).out);
    expect(metadata).toEqual({ name: "pebble", generation: 1 });
    expect(status.acme).toEqual({
      uri: "https://127.0.0.1:14000/my-account/1",
      lastRegisteredEmail: "ops@example.test",
    });
  });
});

import { describe, expect, it } from "vitest";
import { decide, lists } from "../../../../core/decide.ts";
import { explain } from "../../../../core/explain.ts";
import { sentences } from "../../../../core/explain-facts.ts";
import { askedOf, at, day, factsOf, now, type World } from "./world.ts";

const explained = (world: World = {}) => explain(factsOf(world));
const verdictOf = (world: World, check: string) => explained(world).checks.find((one) => one.check === check);
const wish = "2026-11-22T11:00:00Z";

const worlds: [what: string, world: World][] = [
  ["is up to date", {}],
  ["is up to date, and somebody looked", { secret: {} }],
  ["lost its secret", { secret: "absent" }],
  ["is due", { issued: { renewalTime: at(0) } }],
  ["is not renewed by itself", { issued: { renewalTime: null } }],
  ["is new", { row: null }],
  ["is new, before its issuer", { row: null, issuer: null }],
  ["is malformed", { spec: { duration: "1s", isCA: "x" } }],
  ["is gone", { spec: null }],
  ["never was", { spec: null, row: null }],
  ["is in progress", { row: { attempt: { id: "a2", leaseId: "l1" }, dueAt: at(5_000) } }],
  ["backs off", { issued: null, row: { failedIssuanceAttempts: 2, dueAt: at(5_000) } }],
  ["was edited", { decidedOn: {}, spec: { duration: "48h" }, asked: askedOf() }],
  ["was asked for", { annotations: { "certwright.dev/renew-requested-at": wish } }],
];

describe("explaining a Certificate", () => {
  it("has a sentence for each check of the chain, and none for others", () => {
    const checks = Object.values(lists).flatMap((list) => list.map(({ name }) => name));
    expect(Object.keys(sentences).sort()).toEqual([...new Set(checks)].sort());
  });

  it.each(worlds)("that %s walks the chain as the decision does", (_what, world) => {
    const { checks, decision } = explained(world);
    expect(decision).toEqual(decide(factsOf(world)));
    expect(checks.map(({ list, check }) => `${list} ${check}`)).toEqual(
      Object.entries(lists).flatMap(([list, all]) => all.map(({ name }) => `${list} ${name}`)),
    );
    const last = checks.filter(({ verdict }) => verdict === "fires").at(-1);
    if ("reason" in decision) expect(last?.reason).toBe(decision.reason);
    for (const { facts } of checks) expect(facts).toMatch(/^[\w"].{5,}/);
    for (const { facts } of checks) expect(facts).not.toMatch(/undefined|null|NaN|\[object/);
  });

  it("fires once in a list, and looks at nothing after that", () => {
    const { checks } = explained({ issued: { renewalTime: at(0) } });
    const ofSecret = ["secretGone", "secretDrifted", "contentChanged"];
    const needs = checks
      .filter(({ list, check }) => list === "needs" && !ofSecret.includes(check))
      .map(({ verdict }) => verdict);
    const due = needs.indexOf("fires");
    expect(new Set(needs.slice(0, due))).toEqual(new Set(["passed"]));
    expect(new Set(needs.slice(due + 1))).toEqual(new Set(["not looked at"]));
    expect(checks.filter(({ list }) => list === "gates").map(({ verdict }) => verdict)).not.toContain("not looked at");
  });

  it("shows the gate that holds an issuance back", () => {
    const world: World = { row: null, issuer: null };
    expect(verdictOf(world, "notIssuedYet")).toMatchObject({ verdict: "fires", reason: "DoesNotExist" });
    expect(verdictOf(world, "issuerUnknown")).toMatchObject({
      verdict: "fires",
      reason: "IssuerNotFound",
      facts: "web/Issuer/le is not there",
      message: expect.stringContaining("create it"),
    });
    expect(verdictOf(world, "renewalDue")?.facts).toBe('"not issued yet" decided before');
    expect(verdictOf(world, "backingOff")).toMatchObject({
      verdict: "not looked at",
      facts: '"issuer unknown" decided before',
    });
  });

  it.each<[string, World, string, string]>([
    ["the renewal time", {}, "renewalDue", "renewal time 2026-12-22T12:00:00Z"],
    [
      "that it is not renewed by itself",
      { issued: { renewalTime: null } },
      "renewalDue",
      "it is not renewed by itself: spec.renewal.policy is Disabled",
    ],
    [
      "the issuer that was asked",
      { decidedOn: {}, spec: { duration: "48h" }, asked: askedOf() },
      "issuerChanged",
      "issued by web/Issuer/le; wanted from web/Issuer/le",
    ],
    [
      "the key",
      { decidedOn: {}, spec: { duration: "48h" }, asked: askedOf() },
      "keyChanged",
      "the key is RSA 2048; wanted is RSA 2048",
    ],
    [
      "the wish",
      { annotations: { "certwright.dev/renew-requested-at": wish } },
      "manuallyTriggered",
      `asked at ${wish}; done so far: none`,
    ],
    [
      "a wish that was acted on",
      { annotations: { "certwright.dev/renew-requested-at": wish }, row: { renewRequestedAt: wish } },
      "manuallyTriggered",
      `asked at ${wish}, and done`,
    ],
    [
      "the foreign version of the secret",
      { secret: { versionId: "x" } },
      "secretDrifted",
      "the stored secret holds version x: not ours, which was a1",
    ],
    [
      "that nobody looked at the secret",
      { issued: { renewalTime: at(0) } },
      "secretGone",
      "the stored secret is looked at only when nothing else asks for a certificate",
    ],
    [
      "the failures",
      { issued: null, row: { failedIssuanceAttempts: 2, dueAt: at(5_000) } },
      "backingOff",
      "2 failed in a row; next try 2026-11-22T12:00:05Z",
    ],
    [
      "the names that the namespace may ask for",
      { policy: { namespaces: { web: { dnsNames: ["*.example.com"] } } } },
      "notAllowed",
      'namespace "web" may ask for *.example.com; it asks for www.example.com',
    ],
    ["how many fields are wrong", { spec: { duration: "1s" } }, "malformed", "1 field breaks a rule"],
    [
      "a tombstone",
      { spec: null, row: { deletedAt: at(-day), expiresAt: 1 } },
      "alreadyGone",
      "no object; it was deleted 2026-11-21T12:00:00Z",
    ],
    [
      "that another certificate of its CA has signed it",
      { issued: { caFingerprint: "old" }, issuer: { ca: { fingerprint: "new", notAfter: 0, soonFrom: 0 } } },
      "caRotated",
      "the issuer has another CA certificate than the one that signed it",
    ],
    [
      "that the CA of today has signed it",
      { issued: { caFingerprint: "new" }, issuer: { ca: { fingerprint: "new", notAfter: 0, soonFrom: 0 } } },
      "caRotated",
      "signed by the CA that the issuer has now",
    ],
    [
      "which part of the secret is written otherwise",
      { issued: { contentHash: "..old.." }, secret: {} },
      "contentChanged",
      "the secret was written with another formats",
    ],
    [
      "which fields differ",
      { decidedOn: {}, spec: { duration: "48h" }, asked: askedOf() },
      "requestChanged",
      "differ: spec.duration",
    ],
    [
      "that no field differs",
      { decidedOn: {}, spec: { renewBefore: "240h" }, asked: askedOf() },
      "requestChanged",
      "no field of the certificate differs from the spec",
    ],
  ])("tells %s", (_what, world, check, facts) => {
    expect(verdictOf(world, check)?.facts).toBe(facts);
  });

  it("writes instants as its reader wants them", () => {
    const { checks } = explain(factsOf(), (instant) => `${(instant - now.getTime()) / day} days`);
    expect(checks.find(({ check }) => check === "renewalDue")?.facts).toBe("renewal time 30 days");
  });
});

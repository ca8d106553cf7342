import { describe, expect, it } from "vitest";
import { border, decide, gates, needs } from "../../../../core/decide.ts";
import { askedOf, at, day, decided, factsOf, reasonOf, type World } from "./world.ts";

const wish = { "certwright.dev/renew-requested-at": "2026-11-22T11:00:00Z" };
const refusing = { namespaces: { other: {} } };
const asked = askedOf();

describe("the checks", () => {
  it("stand in the order in which they decide", () => {
    expect(border.map(({ name }) => name)).toEqual([
      "alreadyGone",
      "revocationAsked",
      "inProgress",
      "requestGone",
      "malformed",
      "requestDone",
      "notAllowed",
    ]);
    expect(needs.map(({ name }) => name)).toEqual([
      ...[
        "attemptLapsed",
        "attemptReleased",
        "notIssuedYet",
        "secretRenamed",
        "secretGone",
        "issuerChanged",
        "keyChanged",
      ],
      ...[
        "secretDrifted",
        "requestChanged",
        "caRotated",
        "revoked",
        "keyCompromised",
        "manuallyTriggered",
        "renewalDue",
        "contentChanged",
        "upToDate",
      ],
    ]);
    expect(gates.map(({ name }) => name)).toEqual([
      "issuerUnknown",
      "issuerNotReady",
      "acmeCannot",
      "backingOff",
      "fenced",
    ]);
  });

  it("are pure: the same facts give the same answer and stay as they are", () => {
    const facts = factsOf({ issued: { renewalTime: at(0) }, asked });
    const before = JSON.stringify(facts);
    expect(decide(facts)).toEqual(decide(facts));
    expect(JSON.stringify(facts)).toBe(before);
  });
});

describe("of two that fire, the first decides:", () => {
  const notReady = {
    ready: { type: "Ready", status: "False", reason: "x", message: "y", lastTransitionTime: "" },
  } as const;
  const everything = {
    secretName: "other-tls",
    issuerRef: { name: "other" },
    privateKey: { algorithm: "Ed25519" },
    duration: "48h",
  };

  it.each<[string, World, string]>([
    [
      "a lease in progress before a deletion",
      { spec: null, row: { attempt: { id: "a", leaseId: "l" }, dueAt: at(1) } },
      "InProgress",
    ],
    [
      "a lease in progress before a fault",
      { spec: { duration: "x" }, row: { attempt: { id: "a", leaseId: "l" }, dueAt: at(1) } },
      "InProgress",
    ],
    ["a deletion before the policy", { spec: null, policy: refusing }, "forget"],
    ["a fault before the policy", { spec: { duration: "x" }, policy: refusing }, "InvalidSpec"],
    [
      "the policy before a dead execution",
      { policy: refusing, row: { attempt: { id: "a", leaseId: "l" }, dueAt: at(0) } },
      "NamespaceNotAllowed",
    ],
    [
      "a fault before a released attempt",
      { spec: { duration: "x" }, row: { attempt: { id: "a" }, dueAt: at(0) } },
      "InvalidSpec",
    ],
    [
      "a dead execution before the first issuance",
      { issued: null, row: { attempt: { id: "a", leaseId: "l" }, dueAt: at(0) } },
      "LeaseLapsed",
    ],
    [
      "a released attempt before a renewal",
      { issued: { renewalTime: at(0) }, row: { attempt: { id: "a" }, dueAt: at(0) } },
      "Resuming",
    ],
    [
      "a released attempt before a wish to renew",
      { annotations: wish, row: { attempt: { id: "a" }, dueAt: at(0) } },
      "Resuming",
    ],
    ["another secret before another issuer", { decidedOn: {}, spec: everything, asked }, "DoesNotExist"],
    [
      "another issuer before another key",
      { decidedOn: {}, spec: { ...everything, secretName: "www-tls" }, asked },
      "IncorrectIssuer",
    ],
    [
      "another key before other fields",
      { decidedOn: {}, spec: { privateKey: everything.privateKey, duration: "48h" }, asked },
      "SecretMismatch",
    ],
    [
      "other fields before a wish",
      { decidedOn: {}, spec: { duration: "48h" }, annotations: wish, asked },
      "RequestChanged",
    ],
    ["a wish before the renewal", { annotations: wish, issued: { renewalTime: at(0) } }, "ManuallyTriggered"],
    ["a secret that is gone before the renewal", { issued: { renewalTime: at(0) }, secret: "absent" }, "DoesNotExist"],
    [
      "a secret that is gone before another issuer",
      { decidedOn: {}, spec: { issuerRef: { name: "other" } }, asked, secret: "absent" },
      "DoesNotExist",
    ],
    [
      "another issuer before a secret that somebody wrote over",
      { decidedOn: {}, spec: { issuerRef: { name: "other" } }, asked, secret: { versionId: "x" } },
      "IncorrectIssuer",
    ],
    [
      "a secret that somebody wrote over before other fields",
      { decidedOn: {}, spec: { duration: "48h" }, asked, secret: { versionId: "x" } },
      "SecretMismatch",
    ],
    [
      "an unknown issuer before one that backs off",
      { issued: null, issuer: null, row: { failedIssuanceAttempts: 1, dueAt: at(9) } },
      "IssuerNotFound",
    ],
    [
      "an issuer that is not ready before one that backs off",
      { issued: null, issuer: notReady, row: { failedIssuanceAttempts: 1, dueAt: at(9) } },
      "IssuerNotReady",
    ],
    [
      "a deleted issuer before one that is not ready",
      { issued: null, issuer: { ...notReady, deletedAt: at(-9) } },
      "IssuerNotFound",
    ],
    [
      "backing off before the fence",
      {
        issued: { renewalTime: at(0) },
        row: { failedIssuanceAttempts: 1, dueAt: at(9), recentIssuances: [at(-1), at(-2), at(-3)] },
      },
      "BackingOff",
    ],
  ])("%s", (_sentence, world, reason) => {
    expect(reasonOf(world)).toBe(reason);
  });

  it("a resumed attempt waits at the gates like any other", () => {
    const released = { attempt: { id: "a" }, dueAt: at(0) };
    expect(reasonOf({ row: released, issuer: null })).toBe("IssuerNotFound");
    expect(decided({ row: { attempt: { id: "a", leaseId: "l" }, dueAt: at(0) } })).toMatchObject({ action: "issue" });
  });
});

describe("the lane", () => {
  it.each<[string, World, string]>([
    ["of a first issuance is new", { row: null }, "new"],
    ["of a resumed first issuance is new", { issued: null, row: { attempt: { id: "a" }, dueAt: at(0) } }, "new"],
    ["of a renewal is renew", { issued: { renewalTime: at(0) } }, "renew"],
    [
      "of an edit is renew: it has a certificate that may end",
      { decidedOn: {}, spec: { duration: "48h" }, asked },
      "renew",
    ],
    ["of a certificate that has ended is renew", { issued: { renewalTime: at(-9), notAfter: at(-day) } }, "renew"],
  ])("%s", (_sentence, world, lane) => {
    expect(decided(world)).toMatchObject({ lane });
  });
});

import { describe, expect, it } from "vitest";
import { backingOff, fenced, issuerNotReady, issuerUnknown } from "../../../../core/checks.ts";
import { askedOf, at, day, decided, factsOf, reasonOf, type World } from "./world.ts";

const due: World = { issued: { renewalTime: at(0) } };
const wish = { "certwright.dev/renew-requested-at": "2026-11-22T11:00:00Z" };
const condition = (status: "True" | "False" | "Unknown") =>
  ({ type: "Ready", status, reason: "ErrRegisterACMEAccount", message: "no route", lastTransitionTime: "" }) as const;

describe("issuerUnknown", () => {
  it.each<[string, World, RegExp]>([
    [
      "a new object that comes before its issuer",
      { row: null, issuer: null },
      /^Issuer "le" not found in namespace "web"; create it/,
    ],
    ["a renewal whose issuer is gone", { ...due, issuer: null }, /^Issuer "le" not found/],
    ["an issuer that was deleted", { ...due, issuer: { deletedAt: at(-1) } }, /^Issuer "le" not found/],
    [
      "a ClusterIssuer",
      { row: null, issuer: null, spec: { issuerRef: { name: "le", kind: "ClusterIssuer" } } },
      /^ClusterIssuer "le" not found; create it/,
    ],
  ])("fires for %s", (_what, world, message) => {
    expect(decided(world)).toMatchObject({
      action: "wait",
      reason: "IssuerNotFound",
      until: "backoff",
      waitsForIssuer: true,
    });
    expect(decided(world)).toMatchObject({ message: expect.stringMatching(message) });
  });

  it("does not fire for an issuer that is there", () => {
    expect(issuerUnknown(factsOf({ row: null }))).toBeUndefined();
  });

  it("does not matter while nothing is to be issued", () => {
    expect(reasonOf({ issuer: null })).toBe("UpToDate");
  });
});

describe("issuerNotReady", () => {
  it.each(["False", "Unknown"] as const)("fires for an issuer whose Ready is %s, and says why", (status) => {
    const decision = decided({ row: null, issuer: { ready: condition(status) } });
    expect(decision).toMatchObject({
      action: "wait",
      reason: "IssuerNotReady",
      until: "backoff",
      waitsForIssuer: true,
    });
    expect(decision).toMatchObject({ message: "Issuer/le is not ready: ErrRegisterACMEAccount: no route" });
  });

  it("does not fire for one that is ready", () => {
    expect(issuerNotReady(factsOf({ row: null, issuer: { ready: condition("True") } }))).toBeUndefined();
    expect(reasonOf({ row: null, issuer: { ready: condition("True") } })).toBe("DoesNotExist");
  });
});

describe("backingOff", () => {
  const later = { dueAt: at(60_000) };
  const limited = {
    type: "Issuing",
    status: "False",
    reason: "RateLimited",
    message: "",
    lastTransitionTime: "",
  } as const;

  it.each<[string, World]>([
    ["a failure whose instant has not come", { ...due, row: { failedIssuanceAttempts: 1, ...later } }],
    ["a first issuance that failed", { issued: null, row: { failedIssuanceAttempts: 4, ...later } }],
    ["a released attempt whose instant has not come", { ...due, row: { attempt: { id: "a2" }, ...later } }],
    ["a slot that a rate limit named", { ...due, row: { issuing: limited, ...later } }],
    ["an instant that comes in a millisecond", { ...due, row: { failedIssuanceAttempts: 1, dueAt: at(1) } }],
  ])("fires for %s", (_what, world) => {
    expect(decided(world)).toEqual({ action: "nothing", reason: "BackingOff" });
  });

  it.each<[string, World, string]>([
    ["an instant that has come", { ...due, row: { failedIssuanceAttempts: 1, dueAt: at(0) } }, "Renewing"],
    [
      "a spec that changed",
      { issued: null, decidedOn: { duration: "48h" }, spec: {}, row: { failedIssuanceAttempts: 1, ...later } },
      "DoesNotExist",
    ],
    ["a wish to renew", { annotations: wish, row: { failedIssuanceAttempts: 1, ...later } }, "ManuallyTriggered"],
    [
      "an issuer that became ready",
      { issued: null, row: { failedIssuanceAttempts: 1, waitsForIssuer: true, ...later } },
      "DoesNotExist",
    ],
    ["a dueAt without a failure", { issued: null, row: later }, "DoesNotExist"],
    ["a new object", { row: null }, "DoesNotExist"],
  ])("does not fire for %s", (_what, world, reason) => {
    expect(backingOff(factsOf(world))).toBeUndefined();
    expect(reasonOf(world)).toBe(reason);
  });

  it("fires for a wish that was acted on", () => {
    const world: World = {
      ...due,
      annotations: wish,
      row: { renewRequestedAt: wish["certwright.dev/renew-requested-at"], failedIssuanceAttempts: 1, ...later },
    };
    expect(reasonOf(world)).toBe("BackingOff");
  });
});

describe("fenced", () => {
  const recent = [at(-day), at(-2 * day), at(-3 * day)];
  const runaway: World = { ...due, row: { recentIssuances: recent, dueAt: at(0) } };

  it("fires for a renewal after three automatic issuances within a third of the lifetime, and says until when", () => {
    expect(decided(runaway)).toMatchObject({ action: "wait", reason: "RunawayFence", until: new Date(at(27 * day)) });
  });

  it.each<[string, World, string]>([
    ["two of them", { ...due, row: { recentIssuances: recent.slice(0, 2), dueAt: at(0) } }, "Renewing"],
    [
      "three of which the first is a third of the lifetime ago",
      { ...due, row: { recentIssuances: [at(-day), at(-2 * day), at(-30 * day)], dueAt: at(0) } },
      "Renewing",
    ],
    ["a wish to renew: that is not automatic", { ...runaway, annotations: wish }, "ManuallyTriggered"],
    ["an edit: that is not automatic", { ...runaway, decidedOn: { renewBefore: "240h" }, spec: {} }, "Renewing"],
    [
      "an edit that had to wait, for its issuer or a token: that is not automatic either",
      { spec: { duration: "48h" }, asked: askedOf(), row: { recentIssuances: recent, dueAt: at(0) } },
      "RequestChanged",
    ],
    [
      "an attempt that was let through and goes on",
      { ...due, row: { recentIssuances: recent, attempt: { id: "a2" }, dueAt: at(0) } },
      "Resuming",
    ],
    ["an object without a certificate", { issued: null, row: { recentIssuances: recent } }, "DoesNotExist"],
  ])("does not fire for %s", (_what, world, reason) => {
    expect(fenced(factsOf(world))).toBeUndefined();
    expect(reasonOf(world)).toBe(reason);
  });

  const seen = { at: at(-day), reason: "superseded" };
  it.each<[string, "crl" | "user", string]>([
    ["fires when a list says again and again that what comes is revoked", "crl", "RunawayFence"],
    ["does not fire when its owner revoked it", "user", "Revoked"],
  ])("%s", (_sentence, seenBy, reason) => {
    const fingerprint = factsOf(runaway).row?.issued?.fingerprint ?? "";
    const row = { recentIssuances: recent, dueAt: at(0), revoked: { ...seen, fingerprint, seenBy } };
    expect(reasonOf({ row })).toBe(reason);
  });

  const drift = { versionId: "x", reason: "InvalidKeyPair", message: "another key" };
  it.each<[string, World]>([
    ["a secret that is deleted again and again", { row: { recentIssuances: recent }, secret: "absent" }],
    [
      "a secret that somebody writes over again and again",
      { row: { recentIssuances: recent, drift }, secret: { versionId: "x" } },
    ],
  ])("fires for %s: nobody asked for those issuances either", (_what, world) => {
    expect(decided(world)).toMatchObject({ action: "wait", reason: "RunawayFence", until: new Date(at(27 * day)) });
  });
});

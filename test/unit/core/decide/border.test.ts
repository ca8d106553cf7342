import { describe, expect, it } from "vitest";
import { alreadyGone, inProgress, malformed, notAllowed, requestGone } from "../../../../core/checks.ts";
import { at, decided, factsOf, reasonOf, type World } from "./world.ts";

const leased = (dueAt: number): World => ({ row: { attempt: { id: "a2", leaseId: "l1" }, dueAt } });
const tombstone = { deletedAt: at(-1_000), expiresAt: 1 };

describe("alreadyGone", () => {
  it.each<[string, World]>([
    ["an object that never was", { spec: null, row: null }],
    ["a tombstone", { spec: null, row: tombstone }],
  ])("fires for %s", (_what, world) => {
    expect(decided(world)).toEqual({ action: "nothing", reason: "Gone" });
  });

  it.each<[string, World, string]>([
    ["a row of an object that was just deleted", { spec: null }, "forget"],
    ["a new object", { row: null }, "DoesNotExist"],
    ["an object that was created again", { row: tombstone, issued: null }, "DoesNotExist"],
  ])("does not fire for %s", (_what, world, reason) => {
    expect(alreadyGone(factsOf(world))).toBeUndefined();
    expect(reasonOf(world)).toBe(reason);
  });
});

describe("inProgress", () => {
  it.each<[string, World]>([
    ["a lease with a millisecond left", leased(at(1))],
    ["an edit during a lease: the execution sees it", { ...leased(at(60_000)), decidedOn: { duration: "48h" } }],
    ["a deletion during a lease: the execution sees it", { ...leased(at(60_000)), spec: null }],
    ["a bad edit during a lease: the execution sees it", { ...leased(at(60_000)), spec: { dnsNames: [] } }],
    [
      "a wish to renew during a lease",
      { ...leased(at(60_000)), annotations: { "certwright.dev/renew-requested-at": "2026-11-22T11:00:00Z" } },
    ],
  ])("fires for %s", (_what, world) => {
    expect(decided(world)).toEqual({ action: "nothing", reason: "InProgress" });
  });

  it.each<[string, World, string]>([
    ["a lease that ends now", leased(at(0)), "LeaseLapsed"],
    ["a lease that ended", leased(at(-1)), "LeaseLapsed"],
    [
      "a lease without an end",
      { row: { attempt: { id: "a2", leaseId: "l1" }, dueAt: undefined as never } },
      "LeaseLapsed",
    ],
    ["a released attempt whose time has not come", { row: { attempt: { id: "a2" }, dueAt: at(5_000) } }, "BackingOff"],
    ["no attempt", {}, "UpToDate"],
  ])("does not fire for %s", (_what, world, reason) => {
    expect(inProgress(factsOf(world))).toBeUndefined();
    expect(reasonOf(world)).toBe(reason);
  });
});

describe("requestGone", () => {
  it.each<[string, World]>([
    ["a deleted object with a working certificate", { spec: null }],
    ["a deleted object that never had one", { spec: null, issued: null }],
    ["a deleted object whose execution died", { ...leased(at(0)), spec: null }],
    ["a deleted object that backs off", { spec: null, row: { failedIssuanceAttempts: 3, dueAt: at(5_000) } }],
  ])("fires for %s", (_what, world) => {
    expect(decided(world)).toEqual({ action: "forget" });
  });

  it("does not fire for an object that is there, even a bad one", () => {
    expect(requestGone(factsOf({ spec: { dnsNames: [] } }))).toBeUndefined();
  });
});

describe("malformed", () => {
  it("fires for an object that breaks a rule, and says field, fault and fix", () => {
    const decision = decided({ spec: { dnsName: ["www.example.com"] } });
    expect(decision).toMatchObject({ action: "refuse", reason: "InvalidSpec" });
    expect(decision).toMatchObject({ message: expect.stringMatching(/^spec\.dnsName: .+; did you mean dnsNames\?/) });
  });

  it("fires for an edit of a working certificate, whose renewal is due", () => {
    expect(reasonOf({ spec: { duration: "5m" }, issued: { renewalTime: at(0) } })).toBe("InvalidSpec");
  });

  it("says all faults", () => {
    const decision = decided({ spec: { duration: "5m", isCA: "yes" } });
    expect(decision).toMatchObject({
      message: expect.stringMatching(/spec\.duration.*spec\.isCA|spec\.isCA.*spec\.duration/s),
    });
  });

  it("does not fire for an object that breaks none", () => {
    expect(malformed(factsOf())).toBeUndefined();
  });
});

describe("notAllowed", () => {
  const only = (...dnsNames: string[]): World => ({ policy: { namespaces: { web: { dnsNames } } } });

  it("fires for a name that the namespace may not ask for", () => {
    const decision = decided(only("*.web.example.com"));
    expect(decision).toMatchObject({ action: "refuse", reason: "NameNotAllowed" });
    expect(decision).toMatchObject({ message: expect.stringContaining("*.web.example.com") });
  });

  it("fires for a common name too", () => {
    expect(reasonOf({ ...only("www.example.com"), spec: { commonName: "other.example.com" } })).toBe("NameNotAllowed");
  });

  it.each<[string, Record<string, unknown>]>([
    ["an IP address", { ipAddresses: ["192.0.2.7"] }],
    ["a URI", { uris: ["https://evil.test/www.example.com"] }],
    ["an e-mail address", { emailAddresses: ["root@example.com"] }],
    ["another name", { otherNames: [{ oid: "1.3.6.1.4.1.311.20.2.3", utf8Value: "root@example.com" }] }],
    ["a common name that is no DNS name", { commonName: "system:masters" }],
    ["a literal subject's common name", { literalSubject: "CN=other.example.com" }],
    ["a CA, which could certify any name", { isCA: true }],
  ])("fires for %s, which lists of DNS names do not cover", (_what, spec) => {
    expect(reasonOf({ ...only("www.example.com", "*.com"), spec })).toBe(
      "literalSubject" in spec ? "UpToDate" : "NameNotAllowed",
    );
    expect(reasonOf({ ...only("www.example.com"), spec })).toBe("NameNotAllowed");
  });

  it("fires for a working certificate that was allowed before: nothing is tried until it changes", () => {
    expect(reasonOf({ ...only("x.test"), issued: { renewalTime: at(0) } })).toBe("NameNotAllowed");
  });

  it("fires for a namespace that the operator did not name", () => {
    expect(reasonOf({ policy: { namespaces: { other: {} } } })).toBe("NamespaceNotAllowed");
  });

  it.each<[string, World]>([
    ["a name of the list", only("www.example.com")],
    ["a name below a pattern", only("*.example.com")],
    ["an installation without namespaces", {}],
  ])("does not fire for %s", (_what, world) => {
    expect(notAllowed(factsOf(world))).toBeUndefined();
    expect(reasonOf(world)).toBe("UpToDate");
  });
});

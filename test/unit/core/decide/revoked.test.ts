import { describe, expect, it } from "vitest";
import { at, decided, reasonOf } from "./world.ts";

const seen = (reason: string, more: object = {}) => ({
  row: { revoked: { fingerprint: "9f86d081", at: at(-1_000), reason, seenBy: "crl" as const, ...more } },
});

describe("a certificate that is in use and revoked", () => {
  it.each([
    ["superseded", "Revoked", "the certificate was revoked at 2026-11-22T11:59:59Z (superseded)"],
    ["keyCompromise", "KeyCompromised", "the private key was compromised, as was said at 2026-11-22T11:59:59Z"],
  ])("for %s is issued anew, with the reason %s", (revocation, reason, message) => {
    expect(decided(seen(revocation))).toMatchObject({ action: "issue", reason, message, lane: "renew" });
  });

  it("is left alone when it is another one that was revoked", () => {
    expect(reasonOf(seen("superseded", { fingerprint: "another" }))).toBe("UpToDate");
    expect(reasonOf(seen("keyCompromise", { fingerprint: "another" }))).toBe("UpToDate");
  });
});

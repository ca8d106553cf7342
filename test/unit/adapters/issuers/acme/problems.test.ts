import { describe, expect, it } from "vitest";
import type { Asked } from "../../../../../adapters/issuers/acme/problems.ts";
import { failureOf } from "../../../../../adapters/issuers/acme/problems.ts";

const now = new Date("2026-11-22T10:00:00Z");

function failure(status: number, type: string, asked: Asked, more: object = {}, headers: Record<string, string> = {}) {
  const data = { type: `urn:ietf:params:acme:error:${type}`, detail: "Because", ...more };
  return failureOf({ status, headers, data }, asked, now);
}

describe("failureOf", () => {
  it.each([200, 201, 204])("finds no failure in %d", (status) => {
    expect(failureOf({ status, headers: {}, data: "" }, "order", now)).toBeUndefined();
  });

  it.each<[string, number, string, Asked, string, boolean]>([
    ["an unknown account at any step", 400, "accountDoesNotExist", "finalize", "AccountUnknown", false],
    ["a deactivated account at newOrder", 403, "unauthorized", "newOrder", "AccountUnknown", false],
    ["a wrong external account binding", 403, "unauthorized", "newAccount", "AccountRefused", false],
    ["an account that needs a binding", 403, "externalAccountRequired", "newAccount", "ExternalAccountRequired", false],
    ["new terms of service", 403, "userActionRequired", "finalize", "UserActionRequired", false],
    ["a bad contact", 400, "invalidContact", "account", "InvalidContact", false],
    ["a contact of an unknown kind", 400, "unsupportedContact", "newAccount", "InvalidContact", false],
    ["a name the CA does not serve", 400, "rejectedIdentifier", "newOrder", "RejectedIdentifier", false],
    ["an identifier of an unknown kind", 400, "unsupportedIdentifier", "newOrder", "UnsupportedIdentifier", false],
    ["a profile the CA does not have", 400, "invalidProfile", "newOrder", "InvalidProfile", false],
    ["a certificate replaced before", 409, "alreadyReplaced", "newOrder", "AlreadyReplaced", false],
    ["a malformed order", 400, "malformed", "newOrder", "Malformed", false],
    ["CAA at finalize", 403, "caa", "finalize", "CAA", true],
    ["a CSR the CA does not sign", 400, "badCSR", "finalize", "BadCSR", true],
    ["a key the CA does not accept", 400, "badPublicKey", "finalize", "BadPublicKey", true],
    ["a CSR for other names", 403, "unauthorized", "finalize", "Unauthorized", true],
    ["an order that is not ready", 403, "orderNotReady", "finalize", "OrderNotReady", false],
    ["a challenge that cannot be answered", 400, "malformed", "challenge", "Malformed", true],
    ["an order that is gone", 404, "malformed", "order", "OrderGone", true],
    ["an account URL that is gone", 404, "malformed", "account", "Malformed", false],
    ["a type of the future", 400, "quantumFlux", "newOrder", "RefusedByCA", false],
    ["a redirect", 302, "", "directory", "Redirected", false],
    ["a page instead of a directory", 404, "", "directory", "NoDirectory", false],
  ])("refuses %s", (_, status, type, asked, reason, endsAttempt) => {
    const refused = failure(status, type, asked);
    expect(refused).toMatchObject({ name: "RefusedError", reason, endsAttempt, fix: expect.stringMatching(/\.$/) });
    expect(refused?.message).toContain("Because");
  });

  it.each<[string, number, string]>([
    ["an internal error", 500, "serverInternal"],
    ["an internal error with an odd status", 400, "serverInternal"],
    ["a gateway's 502", 502, ""],
    ["a 503 that names no slot", 503, "serverInternal"],
    ["a request time-out", 408, ""],
    ["a nonce refused to the last", 400, "badNonce"],
  ])("counts as unavailable: %s", (_, status, type) => {
    expect(failure(status, type, "newOrder")).toMatchObject({ name: "UnavailableError" });
  });

  it.each<[string, string, string]>([
    ["another key of the same type", "malformed", "JWS verification error"],
    [
      "a key of another type, at Boulder",
      "malformed",
      "signature type 'RS256' in JWS header is not supported, expected one of RS256, ES256, ES384 or ES512",
    ],
    [
      "a key of another type, at Pebble",
      "badSignatureAlgorithm",
      "signature type 'ES256' in JWS header is not supported, expected one of RS256, ES256, ES384 or ES512",
    ],
  ])("takes a request signed by %s for one to repeat when the account's key is known", (_, type, detail) => {
    const refused = { name: "UnavailableError", reason: "SignatureRefused" };
    expect(failure(400, type, "finalize", { detail })).toMatchObject(refused);
    expect(failure(400, type, "newAccount", { detail })).toMatchObject({ name: "RefusedError" });
    expect(failure(400, type, "keyChange", { detail })).toMatchObject({ reason: "KeyChangeRefused" });
  });

  it.each<[string, number, string, Record<string, string>, string]>([
    ["seconds", 429, "rateLimited", { "retry-after": "120" }, "2026-11-22T10:02:00.000Z"],
    [
      "an HTTP date",
      429,
      "rateLimited",
      { "retry-after": "Sun, 22 Nov 2026 12:00:00 GMT" },
      "2026-11-22T12:00:00.000Z",
    ],
    [
      "a date that is past",
      429,
      "rateLimited",
      { "retry-after": "Sun, 22 Nov 2020 12:00:00 GMT" },
      "2026-11-22T10:01:00.000Z",
    ],
    ["no seconds", 429, "rateLimited", { "retry-after": "0" }, "2026-11-22T10:01:00.000Z"],
    ["a year", 429, "rateLimited", { "retry-after": "31536000" }, "2026-11-29T10:00:00.000Z"],
    ["nothing", 429, "rateLimited", {}, "2026-11-22T11:00:00.000Z"],
    ["nonsense", 429, "rateLimited", { "retry-after": "soon" }, "2026-11-22T11:00:00.000Z"],
    ["rateLimited with another status", 400, "rateLimited", { "retry-after": "1" }, "2026-11-22T10:00:01.000Z"],
    ["429 without a problem document", 429, "", { "retry-after": "1" }, "2026-11-22T10:00:01.000Z"],
    ["503 that names a slot", 503, "", { "retry-after": "5" }, "2026-11-22T10:00:05.000Z"],
  ])("is rate limited, Retry-After being %s", (_, status, type, headers, retryAt) => {
    expect(failure(status, type, "newOrder", {}, headers)).toMatchObject({
      name: "RateLimitedError",
      reason: "RateLimited",
      retryAt: new Date(retryAt),
    });
  });

  it("lists the subproblems with their names, ten at most", () => {
    const sub = (value: string) => ({
      type: "urn:ietf:params:acme:error:caa",
      detail: "CAA forbids",
      identifier: { type: "dns", value },
    });
    const two = failure(403, "caa", "finalize", { subproblems: [sub("a.test"), sub("b.test")] });
    expect(two?.message).toBe(
      "The CA refused to issue: Because (caa); a.test: CAA forbids (caa); b.test: CAA forbids (caa)",
    );
    const twelve = failure(403, "caa", "finalize", { subproblems: Array.from({ length: 12 }, () => sub("x.test")) });
    expect(twelve?.message.match(/x\.test/g)).toHaveLength(10);
    expect(twelve?.message).toMatch(/; and 2 more$/);
  });

  it("shows the page that the CA wants a human to read", () => {
    const refused = failure(403, "userActionRequired", "newOrder", { instance: "https://ca.test/terms" });
    expect(refused).toMatchObject({ fix: "Open the page the CA names and do what it asks. See https://ca.test/terms" });
  });

  it.each([
    ["text", "<html>502 Bad Gateway</html>"],
    ["a list", [1, 2]],
    ["fields of other types", { type: 5, detail: { a: 1 } }],
    ["null", null],
  ])("copes with a body that is %s", (_, data) => {
    const refused = failureOf({ status: 403, headers: {}, data }, "newOrder", now);
    expect(refused?.message).toBe("The CA refused the order: HTTP 403 without a reason");
  });

  it("keeps control characters and novels out of messages", () => {
    const refused = failure(400, "malformed", "newOrder", { detail: `\u001b[31mred\n\n${"x".repeat(5000)}` });
    expect(refused?.message).toMatch(/^The CA refused the order: \[31mred x+ \(malformed\)$/);
    expect(refused?.message.length).toBeLessThan(600);
  });
});

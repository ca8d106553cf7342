import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Order } from "../../../../../core/acme-port.ts";
import type { FakeBed } from "../../../../support/acme-bed.ts";
import { startFakeBed } from "../../../../support/acme-bed.ts";

let bed: FakeBed;
beforeAll(async () => {
  bed = await startFakeBed();
});
afterAll(() => bed.fake.close());
beforeEach(() => {
  bed.fake.requests.length = 0;
  bed.fake.ca.knobs.refusesNotAfter = false;
  bed.fake.ca.knobs.refusedNames.clear();
});

const names = ["www.example.com"];
/** What newOrder was sent: the fake's CA is asked through this. */
function watchOrders() {
  const seen: Record<string, unknown>[] = [];
  const { newOrder } = bed.fake.ca;
  bed.fake.ca.newOrder = (account, request) => {
    seen.push({ ...request });
    return newOrder(account, request);
  };
  return {
    seen,
    stop: () => {
      bed.fake.ca.newOrder = newOrder;
    },
  };
}

describe("an order's URL that is never called", () => {
  it.each(["not a url", "https://elsewhere.test/order/1"])("ends the attempt: %s", async (Location) => {
    bed.fake.fail("newOrder", { rewrite: (body) => body, headers: { Location } });
    const issuer = bed.issuer();
    const { url } = await issuer.createOrder({ names });
    await expect(issuer.readOrder(url)).rejects.toMatchObject({ reason: "ForbiddenUrl", endsAttempt: true });
  });
});

describe("createOrder", () => {
  it("sends names, profile and predecessor, and nothing that was not asked for", async () => {
    const { seen, stop } = watchOrders();
    await bed.issuer().createOrder({ names, profile: "two-minutes", replaces: "a.b" });
    await bed.issuer().createOrder({ names });
    stop();
    expect(seen).toEqual([{ names, profile: "two-minutes", replaces: "a.b" }, { names }]);
  });

  it("names no predecessor to a CA without renewal information", async () => {
    const { seen, stop } = watchOrders();
    bed.fake.fail("directory", { rewrite: ({ renewalInfo: _, ...rest }) => rest });
    const issuer = bed.issuer();
    await issuer.createOrder({ names, replaces: "a.b" });
    stop();
    expect(seen).toEqual([{ names }]);
    expect(issuer.offersRenewalInfo()).toBe(false);
  });

  it.each([
    ["alreadyReplaced", 409],
    ["malformed", 400],
    ["unauthorized", 403],
    ["serverInternal", 500],
  ])("orders without the predecessor when the CA answers %s to it", async (type, status) => {
    const { seen, stop } = watchOrders();
    bed.fake.fail("newOrder", { status, body: { type: `urn:ietf:params:acme:error:${type}` } });
    const order = await bed.issuer().createOrder({ names, replaces: "a.b" });
    stop();
    expect([order.status, seen]).toEqual(["pending", [{ names }]]);
  });

  it("does not try again when the CA limits an order that names a predecessor", async () => {
    bed.fake.fail("newOrder", { status: 429, headers: { "Retry-After": "30" } });
    await expect(bed.issuer().createOrder({ names, replaces: "a.b" })).rejects.toMatchObject({
      name: "RateLimitedError",
      retryAt: new Date("2026-11-22T10:00:30Z"),
    });
    expect(bed.fake.requests.filter((request) => request === "POST newOrder")).toHaveLength(1);
  });

  it("refuses a profile the CA does not offer before it orders, naming those it does", async () => {
    await expect(bed.issuer().createOrder({ names, profile: "classic" })).rejects.toMatchObject({
      reason: "ErrProfileNotInSet",
      message: 'The CA has no profile "classic"; it offers default (as default is), two-minutes (as two-minutes is).',
    });
    expect(bed.fake.requests).not.toContain("POST newOrder");
  });

  it("refuses every profile where the CA has none", async () => {
    bed.fake.fail("directory", { rewrite: (body) => ({ ...body, meta: {} }) }, 2);
    await expect(bed.issuer().createOrder({ names, profile: "classic" })).rejects.toMatchObject({
      reason: "ErrCADoesNotSupportProfiles",
      message: 'The CA has no profiles, and so none of the name "classic".',
    });
  });

  it("says which field to remove when the CA lets nobody choose the end", async () => {
    bed.fake.ca.knobs.refusesNotAfter = true;
    const notAfter = new Date("2026-12-01T00:00:00Z");
    await expect(bed.issuer().createOrder({ names, notAfter })).rejects.toMatchObject({
      name: "RefusedError",
      reason: "DurationRefused",
      message: expect.stringContaining("NotBefore and NotAfter are not supported"),
      fix: expect.stringContaining("spec.acme.enableDurationFeature"),
    });
  });

  it("does not take every refusal of such an order for one of its end", async () => {
    bed.fake.ca.knobs.refusedNames.set(names[0] ?? "", "not here");
    const notAfter = new Date("2026-12-01T00:00:00Z");
    await expect(bed.issuer().createOrder({ names, notAfter })).rejects.toMatchObject({ reason: "RejectedIdentifier" });
  });

  it("looks again for a profile that the kept directory does not know yet", async () => {
    const directory = { ...(await bed.issuer().directory()), meta: {} };
    bed.fake.requests.length = 0;
    await bed.issuer({ directory }).createOrder({ names, profile: "two-minutes" });
    expect(bed.fake.requests).toEqual(["GET directory", "HEAD newNonce", "POST newOrder"]);
  });

  it.each<[string, (body: Record<string, unknown>) => unknown, string]>([
    [
      "another status",
      (body) => ({ ...body, status: "maybe" }),
      "status must be one of pending ready processing valid invalid",
    ],
    ["no finalize URL", ({ finalize: _, ...rest }) => rest, "finalize must be string"],
    [
      "authorizations that are no URLs",
      (body) => ({ ...body, authorizations: ["x"] }),
      "authorizations.0 has the wrong form",
    ],
    ["valid, but no certificate", (body) => ({ ...body, status: "valid" }), "valid without certificate"],
    ["a list", () => [], "not a JSON object"],
    ["cut JSON", () => '{"status": "pen', "not a JSON object"],
    ["nothing", () => "", "not a JSON object"],
  ])("takes %s for a bad reply and says what was wrong", async (_, rewrite, message) => {
    bed.fake.fail("newOrder", { rewrite });
    await expect(bed.issuer().createOrder({ names })).rejects.toMatchObject({
      name: "UnavailableError",
      reason: "BadReply",
      message: expect.stringContaining(message),
    });
  });

  it("keeps to the time of the limit that the CA names", async () => {
    bed.fake.ca.knobs.limitedUntil = new Date("2026-11-22T10:34:00Z");
    await expect(bed.issuer().createOrder({ names })).rejects.toMatchObject({
      name: "RateLimitedError",
      retryAt: new Date("2026-11-22T10:34:00Z"),
      message: "The CA refused the order: too many new orders recently (rateLimited)",
    });
    bed.fake.ca.knobs.limitedUntil = undefined;
  });
});

describe("readOrder", () => {
  it.each([
    ["seconds", "7", "2026-11-22T10:00:07Z"],
    ["an HTTP date", "Sun, 22 Nov 2026 10:01:00 GMT", "2026-11-22T10:01:00Z"],
  ])("gives the time to ask again: %s", async (_, header, retryAt) => {
    const { url } = await bed.issuer().createOrder({ names });
    bed.fake.fail("order", { rewrite: (body) => body, headers: { "Retry-After": header } });
    expect(await bed.issuer().readOrder(url)).toMatchObject({ status: "pending", retryAt: new Date(retryAt) });
    expect(await bed.issuer().readOrder(url)).not.toHaveProperty("retryAt");
  });

  it("refuses an order URL on another host", async () => {
    await expect(bed.issuer().readOrder("https://evil.example/order/1")).rejects.toMatchObject({
      reason: "ForbiddenUrl",
    });
  });
});

describe("download", () => {
  const order: Order = { url: "", finalizeUrl: "", status: "valid", authorizationUrls: [] };
  const download = (text: string) => {
    bed.fake.fail("certificate", {
      status: 200,
      text,
      headers: { "Content-Type": "application/pem-certificate-chain" },
    });
    return bed.issuer().download({ ...order, certificateUrl: bed.fake.url.replace("directory", "certificate/1") });
  };

  it("gives PEM with one line end, whatever the CA's line ends are", async () => {
    const pem = bed.fake.ca.rootPem.trim();
    expect(await download(`\r\n${pem.replaceAll("\n", "\r\n")}\r\n\r\n${pem}`)).toEqual({
      chain: `${pem}\n${pem}\n`,
    });
  });

  it.each<[string, (pem: string) => string]>([
    ["a private key between", (pem) => `${pem}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`],
    ["text around", (pem) => `Here you are:\n${pem}`],
    ["nothing", () => ""],
    ["DER", () => "0\u0082\u0001"],
    ["JSON", () => '{"certificate": "x"}'],
    ["a block that is no certificate", () => "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    ["a cut block", (pem) => pem.slice(0, -30)],
  ])("takes a chain with %s for a bad reply", async (_, change) => {
    await expect(download(change(bed.fake.ca.rootPem))).rejects.toMatchObject({
      name: "UnavailableError",
      reason: "BadReply",
    });
  });

  it.each<[string, string, string[]]>([
    ["relative and quoted", '<../certificate/b>;rel="alternate"', ["certificate/b"]],
    [
      "among others",
      '<https://x.test/>; title="a, b"; rel=up, </certificate/b> ; rel="x alternate"',
      ["certificate/b"],
    ],
    ["of another relation", '</certificate/b>;rel="up"', []],
    ["on another origin", '<https://elsewhere.test/b>;rel="alternate"', []],
  ])("looks for a preferred chain at links that are %s", async (_, Link, asked) => {
    const certificateUrl = bed.fake.url.replace("directory", "certificate/a");
    const answer = { status: 200, text: bed.fake.ca.rootPem, headers: { Link } };
    bed.fake.fail("certificate", answer, 1 + asked.length);
    bed.fake.requests.length = 0;
    const { notPreferred } = await bed.issuer().download({ ...order, certificateUrl }, "Nobody");
    expect(notPreferred).toBe(true);
    expect(bed.fake.requests.filter((request) => request === "POST certificate")).toHaveLength(1 + asked.length);
  });

  it.each<[string, Parameters<FakeBed["fake"]["fail"]>[1]]>([
    ["is gone", { status: 404, body: {} }],
    ["is no chain", { status: 200, text: "nothing" }],
  ])("takes the default chain when the alternate %s", async (_, fault) => {
    const certificateUrl = bed.fake.url.replace("directory", "certificate/a");
    const Link = '</certificate/b>;rel="alternate"';
    bed.fake.fail("certificate", { status: 200, text: bed.fake.ca.rootPem, headers: { Link } });
    bed.fake.fail("certificate", fault);
    const downloaded = await bed.issuer().download({ ...order, certificateUrl }, "Other Root");
    expect(downloaded).toEqual({ chain: bed.fake.ca.rootPem, notPreferred: true });
  });

  it("asks again later when the alternate is away for a moment", async () => {
    const certificateUrl = bed.fake.url.replace("directory", "certificate/a");
    const Link = '</certificate/b>;rel="alternate"';
    bed.fake.fail("certificate", { status: 200, text: bed.fake.ca.rootPem, headers: { Link } });
    bed.fake.fail("certificate", { status: 503 });
    const downloading = bed.issuer().download({ ...order, certificateUrl }, "Other Root");
    await expect(downloading).rejects.toMatchObject({ name: "UnavailableError", reason: "CAUnavailable" });
  });

  it("of an order without a certificate is a bad reply", async () => {
    await expect(bed.issuer().download(order)).rejects.toMatchObject({ reason: "BadReply" });
  });
});

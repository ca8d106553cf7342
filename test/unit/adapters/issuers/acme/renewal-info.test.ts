import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { renewalInfo } from "../../../../../adapters/issuers/acme/renewal-info.ts";
import { type FakeBed, startFakeBed } from "../../../../support/acme-bed.ts";

const now = new Date("2026-11-22T10:00:00Z");
let bed: FakeBed;
beforeAll(async () => {
  bed = await startFakeBed(now);
});
afterAll(() => bed.fake.close());
beforeEach(() => {
  bed.fake.requests.length = 0;
});

const certId = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";
const suggestedWindow = { start: "2027-01-22T10:00:00Z", end: "2027-01-24T11:00:00.5+01:00" };
const window = { start: Date.UTC(2027, 0, 22, 10), end: Date.UTC(2027, 0, 24, 10, 0, 0, 500) };

function source(more: { url?: string; caBundle?: undefined; allowedPrivateHosts?: string[] } = {}) {
  const { url = bed.fake.url.replace("directory", "renewalInfo"), allowedPrivateHosts = ["127.0.0.1"] } = more;
  const trust = "caBundle" in more ? {} : { caBundle: bed.fake.caBundle };
  const world = { clock: { now: () => now }, allowedPrivateHosts, userAgent: "certwright/test" };
  return renewalInfo.create({ server: bed.fake.url, url, ...trust }, world);
}

/** What the CA answers next. */
function answers(body: unknown, headers: Record<string, string> = {}, status = 200) {
  bed.fake.fail("renewalInfo", typeof body === "string" ? { status, text: body, headers } : { status, body, headers });
}

describe("renewal information", () => {
  it("is one GET without account or nonce", async () => {
    answers({ suggestedWindow });
    expect(await source().suggestion(certId)).toEqual(window);
    expect(bed.fake.requests).toEqual(["GET renewalInfo"]);
  });

  it.each(["renewalInfo", "renewalInfo/"])("is found below the directory's %s", async (path) => {
    const asked: string[] = [];
    bed.fake.chance = (resource) => {
      asked.push(resource);
      return { status: 200, body: { suggestedWindow } };
    };
    await source({ url: bed.fake.url.replace("directory", path) }).suggestion(certId);
    delete bed.fake.chance;
    expect(asked).toEqual(["renewalInfo"]);
  });

  it("brings the explanation and the time of the next question", async () => {
    answers({ suggestedWindow, explanationURL: "https://ca.test/why" }, { "Retry-After": "3600" });
    expect(await source().suggestion(certId)).toEqual({
      ...window,
      explanationUrl: "https://ca.test/why",
      retryAt: new Date(now.getTime() + 3_600_000),
    });
  });

  it.each([
    ["script", "javascript:alert(1)"],
    ["a URL with a password", "https://a:b@ca.test/"],
    ["what is too long for a row", `https://ca.test/${"x".repeat(300)}`],
    ["what is no URL", "see our page"],
    ["a number", 7],
  ])("leaves an explanation out that is %s", async (_sentence, explanationURL) => {
    answers({ suggestedWindow, explanationURL });
    expect(await source().suggestion(certId)).toEqual(window);
  });

  it("takes control characters out of an explanation", async () => {
    answers({ suggestedWindow, explanationURL: "https://ca.test/\u001b[31mred" });
    expect((await source().suggestion(certId)).explanationUrl).toBe("https://ca.test/%1B[31mred");
  });

  it.each([
    ["an empty object", {}],
    ["a list", "[]"],
    ["no JSON", "<html>"],
    ["cut JSON", '{"suggestedWindow": {"start"'],
    ["no end", { suggestedWindow: { start: suggestedWindow.start } }],
    ["no time", { suggestedWindow: { start: "soon", end: "later" } }],
    ["numbers", { suggestedWindow: { start: 1, end: 2 } }],
    ["a time without a zone", { suggestedWindow: { start: "2027-01-22T10:00:00", end: "2027-01-23T10:00:00" } }],
    [
      "a window that ends before it begins",
      { suggestedWindow: { start: suggestedWindow.end, end: suggestedWindow.start } },
    ],
    ["a window without length", { suggestedWindow: { start: suggestedWindow.start, end: suggestedWindow.start } }],
    ["more than anybody would say", { suggestedWindow, more: "x".repeat(70_000) }],
  ])("is unavailable when the CA answers %s", async (_sentence, body) => {
    answers(body);
    await expect(source().suggestion(certId)).rejects.toMatchObject({ name: "UnavailableError", reason: "BadReply" });
  });

  it.each([
    ["refused for an unknown certificate", 404, {}, { name: "RefusedError" }],
    ["unavailable when the CA is", 503, {}, { name: "UnavailableError" }],
    [
      "limited until the CA says",
      429,
      { "Retry-After": "60" },
      { name: "RateLimitedError", retryAt: new Date(now.getTime() + 60_000) },
    ],
    ["refused when it is elsewhere", 302, { Location: "https://elsewhere.test/" }, { reason: "Redirected" }],
  ])("is %s", async (_sentence, status, headers, expected) => {
    answers({ type: "urn:ietf:params:acme:error:malformed", detail: "no" }, headers as Record<string, string>, status);
    await expect(source().suggestion(certId)).rejects.toMatchObject(expected);
  });

  it.each([
    ["on another host than the directory", { url: "https://elsewhere.test/renewal" }, "ForbiddenUrl"],
    ["on a private address", { allowedPrivateHosts: [] }, "ForbiddenUrl"],
    ["behind a certificate that nobody trusts", { caBundle: undefined }, "UntrustedServer"],
  ])("is not asked for %s", async (_sentence, more, reason) => {
    await expect(source(more).suggestion(certId)).rejects.toMatchObject({ reason });
    expect(bed.fake.requests).toEqual([]);
  });
});

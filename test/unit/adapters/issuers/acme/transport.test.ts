import type { LookupFunction } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TransportOptions } from "../../../../../adapters/issuers/acme/transport.ts";
import { httpsTransport } from "../../../../../adapters/issuers/acme/transport.ts";
import type { FakeAcme } from "../../../../support/fake-acme.ts";
import { startFakeAcme } from "../../../../support/fake-acme.ts";

let fake: FakeAcme;

beforeAll(async () => {
  fake = await startFakeAcme({ clock: { now: () => new Date() }, lookupTxt: () => [] });
});
afterAll(() => fake.close());

function transport(options: Partial<TransportOptions> = {}) {
  return httpsTransport({
    caBundle: fake.caBundle,
    userAgent: "ua/1",
    allowedPrivateHosts: ["127.0.0.1", "localhost"],
    ...options,
  });
}

/** Resolves every name to these addresses. */
function lookupTo(...addresses: string[]): LookupFunction {
  return (_hostname, options, callback) => {
    const found = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    if (options.all) callback(null, found);
    else callback(null, found[0]?.address ?? "", found[0]?.family);
  };
}

const port = () => new URL(fake.url).port;

describe("httpsTransport", () => {
  it("parses a JSON body, gives text as it is, and lower-case headers", async () => {
    fake.fail("directory", { status: 418, text: "short and stout", headers: { "X-Odd": "Yes" } });
    expect(await transport().send(fake.url, "get")).toMatchObject({
      status: 418,
      data: "short and stout",
      headers: { "x-odd": "Yes" },
    });
    expect(await transport().send(fake.url, "get")).toMatchObject({
      status: 200,
      data: { newOrder: expect.any(String) },
    });
  });

  it("does not follow a redirect", async () => {
    fake.fail("directory", { status: 302, headers: { Location: `${fake.url}?again` } });
    const before = fake.requests.length;
    expect(await transport().send(fake.url, "get")).toMatchObject({ status: 302 });
    expect(fake.requests.length - before).toBe(1);
  });

  it("reaches a listed name that resolves to a private address", async () => {
    const reply = await transport().send(`https://localhost:${port()}/directory`, "get");
    expect(reply.status).toBe(200);
  });

  it.each<[string, string, Partial<TransportOptions>]>([
    ["plain http", "http://127.0.0.1/", {}],
    ["a private address that is not listed", "https://127.0.0.1/", { allowedPrivateHosts: [] }],
    ["another origin", "https://other.example/", { sameOriginAs: "https://acme.example/directory" }],
    ["a name that resolves inward", "https://ca.example/", { lookup: lookupTo("169.254.169.254") }],
    ["a name of which one address is inward", "https://ca.example/", { lookup: lookupTo("93.184.215.14", "::1") }],
  ])("refuses %s without a connection", async (_, url, options) => {
    const before = fake.requests.length;
    await expect(transport(options).send(url, "get")).rejects.toMatchObject({
      name: "RefusedError",
      reason: "ForbiddenUrl",
      fix: expect.stringContaining("allowed private hosts"),
    });
    expect(fake.requests.length).toBe(before);
  });

  it("refuses a server certificate that nobody it trusts has signed", async () => {
    const { caBundle: _, ...without } = { caBundle: undefined, userAgent: "x", allowedPrivateHosts: ["127.0.0.1"] };
    await expect(httpsTransport(without).send(fake.url, "get")).rejects.toMatchObject({
      name: "RefusedError",
      reason: "UntrustedServer",
      fix: expect.stringContaining("caBundle"),
    });
    const skipping = httpsTransport({ ...without, skipTlsVerify: true });
    expect((await skipping.send(fake.url, "get")).status).toBe(200);
  });

  it.each<[string, Parameters<FakeAcme["fail"]>[1], Partial<TransportOptions>, string]>([
    ["a connection closed before the answer", { connection: "reset" }, {}, "CAUnreachable"],
    ["an answer cut in the middle", { connection: "truncate" }, {}, "CAUnreachable"],
    ["an answer that never comes", { connection: "hang" }, { timeoutSeconds: 0.2 }, "CATimeout"],
    ["an answer too long", { status: 200, text: "x".repeat(2000) }, { maxReplyBytes: 1000 }, "BadReply"],
  ])("counts as unavailable: %s", async (_, fault, options, reason) => {
    fake.fail("directory", fault);
    await expect(transport(options).send(fake.url, "get")).rejects.toMatchObject({ name: "UnavailableError", reason });
  });

  it("counts as unavailable a port where nobody listens", async () => {
    await expect(transport().send("https://127.0.0.1:1/", "get")).rejects.toMatchObject({
      name: "UnavailableError",
      reason: "CAUnreachable",
      message: "The CA at 127.0.0.1:1 could not be reached (ECONNREFUSED).",
    });
  });

  it("takes at most a mebibyte by default", async () => {
    fake.fail("directory", { status: 200, text: "x".repeat(1024 * 1024 + 1) });
    await expect(transport().send(fake.url, "get")).rejects.toMatchObject({ reason: "BadReply" });
    fake.fail("directory", { status: 200, text: "x".repeat(1024 * 1024) });
    expect((await transport().send(fake.url, "get")).status).toBe(200);
  });
});

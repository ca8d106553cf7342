import { createServer, type Server } from "node:http";
import type { AddressInfo, LookupFunction } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { issuers, revocationLists } from "../../../../adapters/issuers/index.ts";
import type { RevocationListOptions } from "../../../../adapters/issuers/revocation-list.ts";

const list = Buffer.from([0x30, 0x03, 0xff, 0x00, 0xfe]);
let server: Server;
let base: string;
const asked: { url: string | undefined; agent: string | undefined }[] = [];

beforeAll(async () => {
  server = createServer((request, answer) => {
    asked.push({ url: request.url, agent: request.headers["user-agent"] });
    if (request.url?.startsWith("/never")) return;
    if (request.url === "/moved") return void answer.writeHead(302, { location: "/ca.crl" }).end();
    if (request.url === "/cut")
      return void answer.writeHead(200, { "content-length": "9" }).write(list, () => answer.destroy());
    answer.writeHead(request.url?.startsWith("/ca.crl") ? 200 : 404).end(list);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function read(url: string, more: Partial<RevocationListOptions> = {}): Promise<Uint8Array> {
  const { revocationLists: open } = await revocationLists();
  return open({ allowedPrivateHosts: ["127.0.0.1"], userAgent: "certwright-check-certificates/1", ...more })(url);
}

describe("a revocation list", () => {
  it("is what is there, byte by byte, by whom it was asked", async () => {
    expect(Buffer.from(await read(`${base}/ca.crl`))).toEqual(list);
    expect(asked.at(-1)).toEqual({ url: "/ca.crl", agent: "certwright-check-certificates/1" });
  });

  it.each([
    ["that is not there", "/nowhere", {}, "answered 404"],
    ["that moved: redirects are not followed", "/moved", {}, "answered 302"],
    ["that is too large", "/ca.crl", { maxBytes: 4 }, "is larger than 4 bytes"],
    ["that never comes", "/never", { timeoutMs: 50 }, "did not answer in time"],
    ["that ends too early", "/cut", {}, "aborted|ECONNRESET"],
    [
      "whose host has no address",
      "nowhere.invalid",
      { allowedPrivateHosts: ["nowhere.invalid"] },
      "ENOTFOUND|EAI_AGAIN",
    ],
  ])("%s is not available", async (_sentence, path, more, said) => {
    const url = path.startsWith("/") ? base + path : `http://${path}/ca.crl`;
    await expect(read(`${url}?token=secret`.replace(/(moved|cut)\?.*/, "$1"), more)).rejects.toMatchObject({
      name: "UnavailableError",
      reason: "ListUnavailable",
      message: expect.stringMatching(new RegExp(said)),
    });
    await expect(read(`${url}?token=secret`, { ...more, timeoutMs: 50 })).rejects.toThrow(/^(?!.*secret)/);
  });

  it.each([
    ["at a private address", "http://127.0.0.1/ca.crl"],
    ["at a host that is called so", "http://localhost/ca.crl"],
    ["of the machine's own metadata", "http://169.254.169.254/latest"],
    ["in a file", "file:///etc/passwd"],
    ["in a directory", "ldap://ca.test/cn=crl"],
    ["behind credentials", "http://user:word@ca.test/ca.crl"],
    ["that is no URL", "ca.crl"],
  ])("%s is not read", async (_sentence, url) => {
    const before = asked.length;
    await expect(read(url, { allowedPrivateHosts: [] })).rejects.toMatchObject({ reason: "ForbiddenUrl" });
    expect(asked).toHaveLength(before);
  });

  it("of a name that leads to a private address is not read", async () => {
    const lookup: LookupFunction = (_name, _options, callback) => callback(null, [{ address: "127.0.0.1", family: 4 }]);
    const url = base.replace("127.0.0.1", "ca.test");
    const before = asked.length;
    await expect(read(`${url}/ca.crl`, { allowedPrivateHosts: [], lookup })).rejects.toMatchObject({
      reason: "ForbiddenUrl",
    });
    expect(asked).toHaveLength(before);
  });

  it("is not loaded with the issuers", () => {
    expect(Object.keys(issuers)).toEqual(["acme", "ca", "selfSigned"]);
  });
});

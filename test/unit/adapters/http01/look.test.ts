import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { LookOptions } from "../../../../adapters/http01/look.ts";
import { answerLook } from "../../../../adapters/http01/look.ts";
import type { Resolve } from "../../../../adapters/http01/resolve.ts";
import { portOf } from "../../../../local/ports.ts";

const token = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr_oA";
const answer = { token, keyAuthorization: `${token}.nP1qzpXGymHBrUEepNY9HCsQk7K8KhOypzEt62jcerQ` };
const path = `/.well-known/acme-challenge/${token}`;

/** A web server for all names: what it does is for each test to say. */
type Serve = (request: IncomingMessage, response: ServerResponse) => unknown;
let serve: Serve = () => undefined;
const asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(`${request.headers.host}${request.url}`);
  serve(request, response);
});
let port = 0;
beforeAll(async () => {
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", () => ready()));
  port = portOf(server);
});
afterEach(() => asked.splice(0));
afterAll(
  () =>
    new Promise((closed) => {
      server.close(closed);
      server.closeAllConnections();
    }),
);

const loopback: Resolve = async () => [{ address: "127.0.0.1", family: 4 }];
const look = (options: Partial<LookOptions> = {}, name = "www.example.com") => {
  const usual = { resolve: loopback, allowedPrivateHosts: ["127.0.0.1"], userAgent: "certwright-test/1", port };
  return answerLook({ ...usual, ...options }).look(name, answer);
};
const text =
  (status: number, body: string, headers: Record<string, string> = {}): Serve =>
  (_request, response) => {
    response.writeHead(status, headers).end(body);
  };
const seenInstead = async (...given: Parameters<typeof look>) => {
  const seen = await look(...given);
  if (seen.right) throw new Error("it was right");
  return seen.instead;
};
const at = "http://www.example.com/.well-known/acme-challenge/<token>";

describe("a look at an answer", () => {
  it.each([
    ["as it is", answer.keyAuthorization],
    ["with white space at its end (RFC 8555 8.3)", `${answer.keyAuthorization}\r\n \n`],
  ])("is right %s, by the name's own Host at the port of HTTP", async (_, body) => {
    serve = text(200, body);
    expect(await look()).toEqual({ right: true });
    expect(asked).toEqual([`www.example.com${path}`]);
  });

  it("is right at an IP address, which is not looked up", async () => {
    serve = text(200, answer.keyAuthorization);
    const resolve: Resolve = () => Promise.reject(new Error("looked up"));
    expect(await look({ resolve }, "127.0.0.1")).toEqual({ right: true });
    expect(asked).toEqual([`127.0.0.1${path}`]);
  });

  it("follows redirects to other names and paths", async () => {
    serve = (request, response) => {
      const [first, second] = ["http://other.example.com/a?b=c", "/d"];
      if (request.headers.host === "www.example.com") response.writeHead(301, { location: first }).end();
      else if (request.url === "/a?b=c") response.writeHead(307, { location: second }).end();
      else response.end(answer.keyAuthorization);
    };
    expect(await look()).toEqual({ right: true });
    expect(asked).toEqual([`www.example.com${path}`, "other.example.com/a?b=c", "other.example.com/d"]);
  });

  it.each<[string, Serve, string]>([
    ["a 404", text(404, "<h1>Not\n  Found</h1>"), `${at} answered 404 (from 127.0.0.1): "<h1>Not Found</h1>"`],
    ["an empty answer", text(200, ""), `${at} answered with something else (from 127.0.0.1)`],
    [
      "another account's answer, without the token",
      text(200, `${token}.other`),
      `${at} answered with something else (from 127.0.0.1): "<token>.other"`,
    ],
    [
      "a right text with another status",
      text(500, answer.keyAuthorization),
      `${at} answered 500 (from 127.0.0.1): "<token>.nP1qzpXGymHBrUEepNY9HCsQk7K8KhOypzEt62jcerQ"`,
    ],
    [
      "no more than the first characters",
      text(200, "x".repeat(500)),
      `${at} answered with something else (from 127.0.0.1): "${"x".repeat(60)}"`,
    ],
    [
      "a right beginning of a long text",
      text(200, `${answer.keyAuthorization}${" ".repeat(5_000)}x`),
      `${at} answered with something else`,
    ],
    ["a hang-up", (_request, response) => response.destroy(), `${at} cannot be reached (ECONNRESET)`],
    [
      "a redirect in a circle",
      (request, response) => response.writeHead(302, { location: request.url }).end(),
      `${at} redirects more than 10 times`,
    ],
    ["a redirect to no URL", text(302, "", { location: "http://[" }), `${at} redirects to what is no URL`],
    [
      "a redirect to another port",
      text(302, "", { location: "http://www.example.com:9001/2018-06-01/runtime" }),
      "http://www.example.com:9001/2018-06-01/runtime is on another port than 80 or 443",
    ],
    ["a redirect to a file", text(302, "", { location: "file:///etc/passwd" }), "is neither http nor https"],
    ["a redirect with credentials", text(302, "", { location: "http://a:b@www.example.com/" }), "carries credentials"],
    [
      "a redirect to a private address",
      text(302, "", { location: "http://169.254.169.254/latest/meta-data" }),
      "http://169.254.169.254/latest/meta-data is a private address",
    ],
    [
      "a redirect to a private address over IPv6",
      text(302, "", { location: "http://[fd00:ec2::254]/latest" }),
      "http://[fd00:ec2::254]/latest is a private address",
    ],
  ])("says of %s what was seen", async (_, how, words) => {
    serve = how;
    expect(await seenInstead()).toContain(words);
  });

  it("shows no text and no query of a place that a redirect led to", async () => {
    serve = (request, response) => {
      if (request.headers.host === "www.example.com")
        response.writeHead(302, { location: "http://inside.test/a?key=k" }).end();
      else response.end("of others");
    };
    expect(await seenInstead()).toBe("http://inside.test/a answered with something else (from 127.0.0.1)");
  });

  it("refuses a name with a private address, unless the operator listed name or address", async () => {
    serve = text(200, answer.keyAuthorization);
    expect(await seenInstead({ allowedPrivateHosts: [] })).toBe(`${at} resolves to the private address 127.0.0.1`);
    const both: Resolve = async () => [{ address: "203.0.113.9", family: 4 }, ...(await loopback(""))];
    expect(await seenInstead({ allowedPrivateHosts: [], resolve: both })).toContain("private address");
    expect(asked).toEqual([]);
    expect(await look({ allowedPrivateHosts: ["www.example.com"] })).toEqual({ right: true });
  });

  it("refuses an IP address that is private", async () => {
    const instead = await seenInstead({ allowedPrivateHosts: [] }, "127.0.0.1");
    expect(instead).toBe("http://127.0.0.1/.well-known/acme-challenge/<token> is a private address");
    expect(await seenInstead({ allowedPrivateHosts: [] }, "::1")).toContain("http://[::1]/");
  });

  it("says of a name without an address that it has none", async () => {
    const resolve: Resolve = () => Promise.reject(Object.assign(new Error("queryA ENOTFOUND"), { code: "ENOTFOUND" }));
    expect(await seenInstead({ resolve })).toBe(`${at} has no address in DNS`);
  });

  it("says of a server that is down where it was looked for", async () => {
    const closed = await new Promise<number>((free) => {
      const other = createServer().listen(0, "127.0.0.1", () => {
        const found = portOf(other);
        other.close(() => free(found));
      });
    });
    expect(await seenInstead({ port: closed })).toBe(`${at} cannot be reached at 127.0.0.1 (ECONNREFUSED)`);
  });

  it("does not wait for ever, neither for a head nor for a body", async () => {
    serve = () => undefined;
    expect(await seenInstead({ timeoutMs: 100 })).toBe(`${at} did not answer in time`);
    serve = (_request, response) => response.write("a");
    expect(await seenInstead({ timeoutMs: 100 })).toBe(`${at} did not answer in time`);
  });
});

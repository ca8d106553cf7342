import type { LookupFunction, Socket } from "node:net";
import { createServer } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ClusterOptions } from "../../../../adapters/kubernetes/client.ts";
import { openCluster } from "../../../../adapters/kubernetes/index.ts";
import type { ClusterAccess } from "../../../../core/kubernetes/port.ts";
import { createAuthority } from "../../../../local/certificate-authority.ts";
import { type ScriptedApiserver, startScriptedApiserver } from "../../../support/scripted-apiserver.ts";

let server: ScriptedApiserver;

beforeAll(async () => {
  server = await startScriptedApiserver();
});
afterAll(() => server.close());
beforeEach(() => {
  server.requests.length = 0;
  server.answers.length = 0;
});

interface Wish {
  access?: Partial<ClusterAccess>;
  options?: Partial<ClusterOptions>;
}

async function ask({ access, options }: Wish = {}): Promise<unknown> {
  const caBundle = server.authority.caCertificate;
  const whole = { server: server.url, caBundle, credentials: { token: "t0ken" }, ...access };
  try {
    const door = await openCluster(whole, {
      cluster: "prod",
      clock: { now: () => new Date() },
      allowedPrivateHosts: ["127.0.0.1", "k8s.example.com"],
      userAgent: "certwright/test",
      ...options,
    });
    await door.get({ kind: "Secret", namespace: "web", name: "x" });
    return "answered";
  } catch (error) {
    return error;
  }
}

const unreachable = (message: RegExp) => ({
  name: "UnavailableError",
  reason: "ClusterUnreachable",
  message: expect.stringMatching(message),
  fix: expect.any(String),
});
const rejected = (message: RegExp) => ({
  ...unreachable(message),
  name: "RefusedError",
  reason: "CredentialsRejected",
});

describe("whom we trust", () => {
  it("is the CA bundle, and it alone", async () => {
    expect(await ask()).toBe("answered");
    const other = await createAuthority("scripted cluster");
    expect(await ask({ access: { caBundle: other.caCertificate } })).toMatchObject(unreachable(/not trusted/));
    expect(server.requests).toHaveLength(1);
  });

  it("is the public CAs without a bundle", async () => {
    const caBundle = undefined as unknown as string;
    expect(await ask({ access: { caBundle } })).toMatchObject(unreachable(/not trusted/));
  });

  it("is a server of the name that was asked for", async () => {
    const lookup = resolveTo("127.0.0.1");
    const at = (host: string) => ({ access: { server: server.url.replace("127.0.0.1", host) }, options: { lookup } });
    expect(await ask(at("k8s.example.com"))).toBe("answered");
    const options = { lookup, allowedPrivateHosts: ["other.example.com"] };
    expect(await ask({ ...at("other.example.com"), options })).toMatchObject(
      unreachable(/not trusted \(ERR_TLS_CERT_ALTNAME_INVALID\)/),
    );
    expect(server.requests).toHaveLength(1);
  });

  it("cannot be said by a bundle that is none", async () => {
    const pem = "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n";
    expect(await ask({ access: { caBundle: pem } })).toMatchObject(unreachable(/CA bundle/));
    expect(await ask({ access: { caBundle: "no PEM at all" } })).toMatchObject(unreachable(/CA bundle/));
  });
});

describe("where we do not go", () => {
  it.each([
    ["http", "http://k8s.example.com", /is not https/],
    ["a private address", "https://10.1.2.3", /10\.1\.2\.3.* leads to a private address/],
    ["the metadata service", "https://169.254.169.254/x", /leads to a private address/],
    ["a URL with credentials", "https://me:geheim@k8s.example.com", /^(?!.*geheim).*carries credentials/],
    ["nothing", "", /is not a URL/],
  ])("%s", async (_, url, message) => {
    expect(await ask({ access: { server: url } })).toMatchObject(unreachable(message));
  });

  it("a public name that resolves to a private address", async () => {
    const options = { lookup: resolveTo("10.0.0.7"), allowedPrivateHosts: [] };
    const access = { server: "https://k8s.example.com:6443" };
    expect(await ask({ access, options })).toMatchObject(
      unreachable(/k8s\.example\.com resolves to the private address 10\.0\.0\.7/),
    );
  });
});

describe("time and size", () => {
  it("an apiserver that takes the request and never answers", async () => {
    server.answers.push("hang");
    expect(await ask({ options: { answerSeconds: 0.2 } })).toMatchObject(unreachable(/did not answer in time/));
  });

  it("a port that accepts and says nothing", async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { port: number };
    const wish = { access: { server: `https://127.0.0.1:${port}` }, options: { connectSeconds: 0.1 } };
    expect(await ask(wish)).toMatchObject(unreachable(/did not answer in time/));
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });

  it("an answer without end", async () => {
    server.answers.push({ status: 200, json: { a: "x".repeat(2000) } });
    expect(await ask({ options: { maxReplyBytes: 1000 } })).toMatchObject(unreachable(/more than 1000 bytes/));
  });

  it("nobody listens", async () => {
    expect(await ask({ access: { server: "https://127.0.0.1:1" } })).toMatchObject(unreachable(/ECONNREFUSED/));
  });

  it("a name that does not exist", async () => {
    const lookup: LookupFunction = (_, __, callback) =>
      callback(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }), "", 4);
    const wish = { access: { server: "https://k8s.example.com" }, options: { lookup } };
    expect(await ask(wish)).toMatchObject(unreachable(/ENOTFOUND/));
  });
});

describe("credentials that are none", () => {
  it.each([
    ["an empty token", "", /empty or no token/],
    ["a token of two lines", "a\nb", /empty or no token/],
    ["a token that ended", jwt({ exp: 1_700_000_000 }), /token .*ended at 2023-11-14T22:13:20/],
  ])("%s", async (_, token, message) => {
    const error = await ask({ access: { credentials: { token } } });
    expect(error).toMatchObject(rejected(message));
    if (token !== "") expect((error as Error).message).not.toContain(token);
  });

  it("lets tokens pass whose end it cannot see, or lies ahead", async () => {
    for (const token of ["a.b.c", jwt({}), jwt({ exp: 4_000_000_000 })])
      expect(await ask({ access: { credentials: { token } } })).toBe("answered");
  });

  it("a certificate with another's key, or that is no PEM", async () => {
    const other = await server.authority.issue({ commonName: "other", usage: "clientAuth" });
    for (const credentials of [
      { certificatePem: server.client.certificate, keyPem: other.key },
      { certificatePem: "no PEM", keyPem: other.key },
      { certificatePem: server.client.certificate, keyPem: "geheim" },
    ]) {
      const error = await ask({ access: { credentials } });
      expect(error).toMatchObject(rejected(/client certificate/));
      expect((error as Error).message).not.toMatch(/geheim|PRIVATE KEY/);
    }
    expect(server.requests).toEqual([]);
  });

  it("a certificate that ended", async () => {
    const notAfter = new Date("2024-01-02T03:04:05Z");
    const wish = { commonName: "agent", usage: "clientAuth" as const, notBefore: new Date("2024-01-01"), notAfter };
    const { certificate, key } = await server.authority.issue(wish);
    const error = await ask({ access: { credentials: { certificatePem: certificate, keyPem: key } } });
    expect(error).toMatchObject(rejected(/ended at 2024-01-02T03:04:05/));
  });
});

function resolveTo(address: string): LookupFunction {
  return (_, options, callback) =>
    options.all ? callback(null, [{ address, family: 4 }]) : callback(null, address, 4);
}

function jwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "RS256" })}.${part(claims)}.c2ln`;
}

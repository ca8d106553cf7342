import { X509Certificate } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo, LookupFunction } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { download } from "../../../cli/inspect/download.ts";
import { type OpensslCa, opensslCa } from "../../support/openssl-ca.ts";
import { makeWorld, type World } from "./world.ts";

let ca: OpensslCa;
let server: Server;
let host: string;
let world: World;
/** What the server answers by path. */
const answers = new Map<string, (body: Buffer) => Promise<Buffer | number>>();
let asked: string[] = [];

beforeAll(async () => {
  ca = await opensslCa();
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    asked.push(`${request.method} ${request.url}`);
    const answer = (await answers.get(request.url ?? "")?.(Buffer.concat(chunks))) ?? 404;
    response.writeHead(typeof answer === "number" ? answer : 200, { location: "/crl" });
    response.end(typeof answer === "number" ? "" : answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  ca.remove();
});
beforeEach(() => {
  world = makeWorld();
  asked = [];
  answers.clear();
  answers.set("/crl", () => ca.crl());
  answers.set("/ocsp", (body) => ca.ocsp(body));
});

const services = (crl = `http://${host}/crl`) => [
  `crlDistributionPoints=URI:${crl}`,
  `authorityInfoAccess=OCSP;URI:http://${host}/ocsp`,
];

/** A stored secret whose chain has the intermediate. */
async function store(
  wish: Parameters<OpensslCa["leaf"]>[0] = {},
  more: Record<string, string> = {},
  inStore = "secretsManager",
) {
  const { certificate, key } = await ca.leaf(wish);
  const value = { "tls.crt": certificate + ca.intermediatePem, "tls.key": key, metadata: { annotations: {} }, ...more };
  world.secrets.set(`${inStore}:certwright/default/web-tls`, JSON.stringify(value));
  return { certificate, key };
}

const inspect = (...more: string[]) => world.run(["inspect", "secret", "web-tls", "--private-host", host, ...more]);
const json = async (...more: string[]) => JSON.parse((await inspect("-o", "json", ...more)).out);

describe("inspect secret", () => {
  it("tells all that cmctl tells, and no key", async () => {
    const names = "DNS:www.example.com,DNS:*.example.com,IP:192.0.2.1,URI:spiffe://example.com/a,email:ops@example.com";
    const usage = ["keyUsage=critical,digitalSignature,keyEncipherment", "extendedKeyUsage=serverAuth,clientAuth"];
    const { certificate, key } = await store({ names, more: [...usage, ...services()] }, { "keystore.p12": "AAAA" });
    const { out, code, err } = await inspect();
    expect([code, err]).toEqual([0, ""]);
    const leaf = new X509Certificate(certificate);
    expect(out).toBe(`Secret:  certwright/default/web-tls (secretsManager)

Valid for:
  DNS Names:        www.example.com
                    *.example.com
  URIs:             spiffe://example.com/a
  IP Addresses:     192.0.2.1
  Email Addresses:  ops@example.com
  Usages:           digital signature
                    key encipherment
                    server auth
                    client auth

Validity period:
  Not Before:  2026-11-01T00:00:00Z (21d ago)
  Not After:   2027-02-01T00:00:00Z (in 70d)
  Remaining:   70d

Issued By:
  Name:  CN=Openssl Intermediate, O=Example

Issued For:
  Name:  CN=www.example.com, O=Example

Certificate:
  Signing Algorithm:     ECDSA-SHA256
  Public Key Algorithm:  ECDSA P-256
  Serial Number:         ${leaf.serialNumber}
  SHA-256:               ${leaf.fingerprint256.replaceAll(":", "").toLowerCase()}
  Is a CA certificate:   false
  CRL:                   http://${host}/crl
  OCSP:                  http://${host}/ocsp
  Private Key:           fits the certificate
  Keys:                  tls.crt (${(certificate.length + ca.intermediatePem.length).toLocaleString("en-US")} bytes)
                         tls.key (${key.length} bytes)
                         keystore.p12 (3 bytes)

Chain:
  SUBJECT                              NOT AFTER              SIGNATURE
  CN=www.example.com, O=Example        2027-02-01T00:00:00Z   signed by the next one
  CN=Openssl Intermediate, O=Example   2027-02-01T00:00:00Z   its issuer is not in tls.crt

Debugging:
  Trusted by this computer:  no: none of them signed CN=Openssl Intermediate, O=Example, or what they signed is not valid now
  Trusted by ca.crt:         <none>
  CRL Status:                good: not in the list of 2026-11-20T00:00:00Z, which holds until 2026-11-27T00:00:00Z
  OCSP Status:               ${/OCSP Status: +(.*)$/.exec(out)?.[1]}`);
    expect(out).toMatch(/OCSP Status: +good: by the answer of 20/);
    expect(out).not.toContain("PRIVATE KEY");
    expect(out).not.toContain(key.split("\n")[1]);
  });

  it("says that a key is another's, or cannot be read, and shows neither", async () => {
    const other = await ca.leaf();
    await store({}, { "tls.key": other.key });
    expect((await json()).privateKey).toBe("is NOT the certificate's");
    await store({}, { "tls.key": "secret nonsense" });
    const { out } = await inspect();
    expect(out).toContain("Private Key:           cannot be read");
    expect(out).not.toContain("nonsense");
  });

  it("says that a chain is broken, where the root is missing, and that a leaf is a CA", async () => {
    const { certificate } = await ca.leaf({ more: ["basicConstraints=CA:TRUE"] });
    await store({}, { "tls.crt": certificate + ca.rootPem });
    const seen = await json();
    expect(seen.chain.map(({ signature }: { signature: string }) => signature)).toEqual([
      "NOT signed by the next one",
      "signed by itself",
    ]);
    expect(seen.isCA).toBe(true);
    expect(seen.crl).toEqual({ status: "not checked", message: "it names no revocation list" });
    expect(seen.ocsp).toEqual({ status: "not checked", message: "it names no OCSP responder" });
  });

  it("takes a certificate without a subject, as short-lived ones have none", async () => {
    await store({ subject: "/" });
    expect(await json()).toMatchObject({ subject: "<no name>", chain: [{ subject: "<no name>" }, {}] });
  });

  it("finds the issuer in ca.crt, and whether that is enough to trust it", async () => {
    const { certificate } = await ca.leaf({ more: services() });
    await store({}, { "tls.crt": certificate, "ca.crt": ca.intermediatePem });
    expect(await json()).toMatchObject({
      trustedByCaCrt: { trusted: true, why: "by CN=Openssl Intermediate, O=Example" },
      crl: { status: "good" },
    });
    await store({}, { "tls.crt": certificate, "ca.crt": (await ca.leaf()).certificate });
    expect(await json()).toMatchObject({
      trustedByCaCrt: { trusted: false },
      crl: { status: "not checked", message: expect.stringContaining("is not in the secret") },
    });
  });

  it("reads it from the store that has it", async () => {
    await store({}, {}, "s3");
    expect(await json()).toMatchObject({ name: "certwright/default/web-tls", store: "s3" });
  });

  it("reads it from the store that State names", async () => {
    await store();
    await store({ subject: "/CN=moved" }, {}, "s3");
    await world.state.claimSecret({
      namespace: "default",
      secretName: "web-tls",
      owner: "Certificate/web",
      store: "s3",
    });
    expect(await json()).toMatchObject({ store: "s3", subject: "CN=moved" });
  });

  it.each([
    ["inspect", 2, "inspect what? inspect secret NAME"],
    ["inspect certificate web", 2, "only secrets can be inspected, not certificate"],
    ["inspect secret", 2, "which secret? give its name"],
    ["inspect secret a b", 2, "inspect takes one name"],
    ["inspect secret/a b", 2, "inspect takes one name"],
    ["inspect secret web -o wide", 2, "inspect has no -o wide"],
    ["inspect secret web -n shop", 1, "there is no stored secret certwright/shop/web"],
  ])("%s ends with %i", async (line, code, message) => {
    const ran = await world.run(line);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain(`error: ${message}`);
  });

  it("fails for a secret without a certificate and shows none of it", async () => {
    world.secrets.set("secretsManager:certwright/default/web-tls", JSON.stringify({ "tls.key": "hidden" }));
    const { code, err, out } = await inspect();
    expect(code).toBe(1);
    expect(err).toContain("holds no readable certificate");
    expect(err + out).not.toContain("hidden");
  });
});

describe("whether it was revoked", () => {
  it("is said with time and reason, by list and by responder", async () => {
    const { certificate } = await store({ more: services() });
    await ca.revoke(certificate, "superseded");
    const { crl, ocsp } = await json();
    expect(crl).toEqual({ status: "revoked", message: expect.stringMatching(/^revoked at 20.*Z, superseded$/) });
    expect(ocsp).toEqual({ status: "revoked", message: expect.stringMatching(/^revoked at 20.*Z, superseded$/) });
    expect(asked.sort()).toEqual(["GET /crl", "POST /ocsp"]);
  });

  it.each<[string, string, () => Promise<Buffer | number>, RegExp]>([
    ["a list of yesterday", "/crl", () => ca.crl({ old: true }), /ended on 2026-11-02T00:00:00Z$/],
    ["a list of changes", "/crl", () => ca.crl({ delta: true }), /lists changes only$/],
    ["a list that is none", "/crl", async () => Buffer.from("<html>"), /not a certificate revocation list/],
    ["a list that somebody changed", "/crl", async () => changed(await ca.crl()), /is not signed by the issuer$/],
    ["a refusal", "/crl", async () => 403, /cannot be read: it answered 403$/],
    ["a redirect", "/crl", async () => 302, /cannot be read: it answered 302$/],
    [
      "a list without end",
      "/crl",
      async () => Buffer.alloc(21 * 1024 * 1024),
      /cannot be read: it is larger than 20 MB$/,
    ],
  ])("is not known by %s", async (_what, path, answer, message) => {
    await store({ more: services() });
    answers.set(path, answer);
    expect((await json()).crl).toEqual({ status: "not checked", message: expect.stringMatching(message) });
  });

  it("is not known by an answer of a responder that is over", async () => {
    await store({ more: services() });
    // openssl says that its answers hold for a week.
    world.now = Date.now() + 8 * 86_400_000;
    expect((await json()).ocsp).toEqual({ status: "not checked", message: expect.stringContaining("an old answer") });
  });

  it("is not known by a responder that somebody else runs", async () => {
    await store({ more: services() });
    answers.set("/ocsp", (body) => ca.ocsp(body, "stranger"));
    expect((await json()).ocsp).toEqual({
      status: "not checked",
      message: expect.stringContaining("the answer is not signed by the issuer"),
    });
  });

  it("is asked at the next list when the first cannot be read", async () => {
    await store({ more: [`crlDistributionPoints=URI:http://${host}/gone,URI:http://${host}/crl`] });
    expect((await json()).crl.status).toBe("good");
    expect(asked).toEqual(["GET /gone", "GET /crl"]);
  });

  it("is not asked at private addresses that nobody allowed", async () => {
    await store({ more: services() });
    const { out } = await world.run("inspect secret web-tls -o json");
    expect(JSON.parse(out).crl.message).toContain("leads to a private address");
    expect(JSON.parse(out).ocsp.message).toContain("leads to a private address");
    await store({ more: services(`http://localhost:${host.split(":")[1]}/crl`) });
    expect(JSON.parse((await world.run("inspect secret web-tls -o json")).out).crl.status).toBe("not checked");
    expect(asked).toEqual([]);
  });
});

describe("a download", () => {
  it("connects to no private address that a name resolves to, unless the name was allowed", async () => {
    const lookup: LookupFunction = (_name, _options, done) => done(null, [{ address: "127.0.0.1", family: 4 }]);
    const url = `http://crl.example.com:${host.split(":")[1]}/crl`;
    await expect(download({ url, allowedPrivateHosts: [], lookup })).rejects.toThrow(
      "crl.example.com has the private address 127.0.0.1; allow it with --private-host",
    );
    expect(asked).toEqual([]);
    await download({ url, allowedPrivateHosts: ["crl.example.com"], lookup });
    expect(asked).toEqual(["GET /crl"]);
  });
});

function changed(der: Buffer): Buffer {
  const copy = Buffer.from(der);
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
  return copy;
}

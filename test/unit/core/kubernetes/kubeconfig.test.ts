import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { readKubeconfig } from "../../../../core/kubernetes/kubeconfig.ts";

const b64 = (text: string) => Buffer.from(text).toString("base64");
const pem = (what: string) => `-----BEGIN ${what}-----\nZ2VoZWlt\n-----END ${what}-----\n`;

function kubeconfig(wish: { cluster?: object; user?: object; more?: object } = {}): object {
  const server = "https://k8s.example.com:6443";
  return {
    apiVersion: "v1",
    kind: "Config",
    preferences: {},
    "current-context": "prod-admin",
    contexts: [
      { name: "other", context: { cluster: "nowhere", user: "nobody" } },
      { name: "prod-admin", context: { cluster: "prod", user: "admin", namespace: "web" } },
    ],
    clusters: [
      { name: "other", cluster: { server: "https://other.example.com", "insecure-skip-tls-verify": true } },
      { name: "prod", cluster: { server, "certificate-authority-data": b64(pem("CERTIFICATE")), ...wish.cluster } },
    ],
    users: [
      { name: "other", user: { exec: { command: "rm" } } },
      { name: "admin", user: wish.user ?? { token: "geheim" } },
    ],
    ...wish.more,
  };
}

function read(config: object) {
  return readKubeconfig(stringify(config));
}

function refusal(text: string): Error & { reason: string; fix: string } {
  try {
    readKubeconfig(text);
  } catch (error) {
    return error as Error & { reason: string; fix: string };
  }
  throw new Error("it was taken");
}

describe("a kubeconfig", () => {
  it("gives the server, the CA and the token of its current context", () => {
    expect(read(kubeconfig())).toEqual({
      server: "https://k8s.example.com:6443",
      caBundle: pem("CERTIFICATE"),
      credentials: { token: "geheim" },
    });
  });

  it("gives a client certificate, also when there is a token, too", () => {
    const certificate = {
      "client-certificate-data": b64(pem("CERTIFICATE")),
      "client-key-data": b64(pem("EC PRIVATE KEY")),
    };
    const credentials = { certificatePem: pem("CERTIFICATE"), keyPem: pem("EC PRIVATE KEY") };
    expect(read(kubeconfig({ user: certificate })).credentials).toEqual(credentials);
    expect(read(kubeconfig({ user: { token: "x", ...certificate } })).credentials).toEqual(credentials);
  });

  it("may do without a CA", () => {
    expect(read(kubeconfig({ cluster: { "certificate-authority-data": null } }))).not.toHaveProperty("caBundle");
  });

  it("may be JSON, and may say that it does nothing unusual", () => {
    const cluster = { "insecure-skip-tls-verify": false, "proxy-url": "", "certificate-authority": null };
    expect(readKubeconfig(JSON.stringify(kubeconfig({ cluster }))).server).toBe("https://k8s.example.com:6443");
  });

  it("may break its base64 into lines", () => {
    const folded = b64(pem("CERTIFICATE")).replaceAll(/(.{20})/g, "$1\n");
    expect(read(kubeconfig({ cluster: { "certificate-authority-data": folded } })).caBundle).toBe(pem("CERTIFICATE"));
  });
});

describe("a kubeconfig that is refused", () => {
  const fields: [string, { cluster?: object; user?: object; more?: object }, RegExp, RegExp][] = [
    [
      "a CA in a file",
      { cluster: { "certificate-authority": "/geheim/ca.crt" } },
      /cluster\.certificate-authority names a file/,
      /--flatten/,
    ],
    [
      "no verification",
      { cluster: { "insecure-skip-tls-verify": true } },
      /cluster\.insecure-skip-tls-verify would trust anybody/,
      /certificate-authority-data/,
    ],
    [
      "a proxy",
      { cluster: { "proxy-url": "http://geheim@proxy" } },
      /cluster\.proxy-url goes through a proxy/,
      /directly/,
    ],
    [
      "another TLS name",
      { cluster: { "tls-server-name": "x" } },
      /cluster\.tls-server-name is not supported/,
      /certificate has/,
    ],
    ["no server", { cluster: { server: null } }, /cluster\.server is missing/, /https URL/],
    ["a server that is no text", { cluster: { server: 5 } }, /cluster\.server is no text/, /quotes/],
    [
      "a CA that is no base64",
      { cluster: { "certificate-authority-data": "-geheim-" } },
      /certificate-authority-data is no PEM in base64/,
      /base64 -w0/,
    ],
    [
      "a CA that is no PEM",
      { cluster: { "certificate-authority-data": b64("geheim") } },
      /certificate-authority-data is no PEM in base64/,
      /base64 -w0/,
    ],
    [
      "a program",
      { user: { exec: { command: "aws", args: ["geheim"] } } },
      /user\.exec runs a program/,
      /spec\.auth\.eks/,
    ],
    ["a plugin", { user: { "auth-provider": { name: "gcp" } } }, /user\.auth-provider runs a plugin/, /token/],
    [
      "a certificate in a file",
      { user: { "client-certificate": "/geheim" } },
      /user\.client-certificate names a file/,
      /--flatten/,
    ],
    ["a key in a file", { user: { "client-key": "/geheim" } }, /user\.client-key names a file/, /--flatten/],
    [
      "a token in a file, even beside a token",
      { user: { token: "x", tokenFile: "/geheim" } },
      /user\.tokenFile names a file/,
      /--flatten/,
    ],
    ["a password", { user: { username: "me", password: "geheim" } }, /user\.username is a password login/, /token/],
    ["somebody else", { user: { token: "geheim", as: "root" } }, /user\.as acts as somebody else/, /of its own/],
    [
      "a certificate without a key",
      { user: { "client-certificate-data": b64(pem("CERTIFICATE")) } },
      /user\.client-key-data is missing/,
      /needs its key/,
    ],
    [
      "a key without a certificate",
      { user: { "client-key-data": b64(pem("PRIVATE KEY")) } },
      /user\.client-certificate-data is missing/,
      /its certificate/,
    ],
    ["no credentials", { user: {} }, /user has no credentials/, /token or a client certificate/],
    ["no current context", { more: { "current-context": "" } }, /current-context is missing/, /use-context/],
    [
      "a context that is not there",
      { more: { "current-context": "gone" } },
      /contexts has no "gone"/,
      /current-context/,
    ],
    ["a user that is not there", { more: { users: [] } }, /users has no "admin"/, /current-context/],
    ["clusters that are no list", { more: { clusters: { prod: {} } } }, /clusters has no "prod"/, /current-context/],
    ["another kind", { more: { kind: "Secret" } }, /kind is not Config/, /kubeconfig/],
  ];

  it.each(fields)("%s", (_, wish, message, fix) => {
    const error = refusal(stringify(kubeconfig(wish)));
    expect(error).toMatchObject({ name: "RefusedError", reason: "CredentialsRejected" });
    expect(error.message).toMatch(message);
    expect(error.fix).toMatch(fix);
    expect(`${error.message} ${error.fix}`).not.toContain("geheim");
  });

  it.each([
    ["nothing", "", /it is no map/],
    ["a text", "geheim", /it is no map/],
    ["a list", "- geheim", /it is no map/],
    ["no YAML", "users: [geheim\nclusters: x: y", /line \d+ is no YAML \([A-Z_]+\)/],
    ["aliases that grow", bomb(), /aliases that lead nowhere or too far/],
  ])("%s", (_, text, message) => {
    const error = refusal(text);
    expect(error).toMatchObject({ name: "RefusedError", reason: "CredentialsRejected", fix: expect.any(String) });
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain("geheim");
  });
});

/** "Billion laughs". */
function bomb(): string {
  const lines = Array.from({ length: 9 }, (_, index) => {
    const inner = index === 0 ? Array(9).fill("x") : Array(9).fill(`*a${index - 1}`);
    return `a${index}: &a${index} [${inner.join(",")}]`;
  });
  return lines.join("\n");
}

import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Authority } from "../../../../local/certificate-authority.ts";
import { createAuthority } from "../../../../local/certificate-authority.ts";
import { createKubernetesClient, kubeconfigOf } from "../../../../local/kubernetes/client.ts";
import type { Listener, Reply, Request } from "../../../../local/proxy.ts";
import { startProxy } from "../../../../local/proxy.ts";

let authority: Authority;
let listener: Listener | undefined;
const asked: Request[] = [];

beforeAll(async () => {
  authority = await createAuthority("test");
});
afterEach(async () => {
  asked.length = 0;
  await listener?.close();
});

async function clientOf(answer: (request: Request) => { status?: number; body: object }) {
  const identity = await authority.issue({ commonName: "apiserver", usage: "serverAuth", ipAddresses: ["127.0.0.1"] });
  listener = await startProxy(async (request): Promise<Reply> => {
    asked.push(request);
    const { status = 200, body } = answer(request);
    return { status, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(body)) };
  }, identity);
  const server = `https://127.0.0.1:${listener.port}`;
  return createKubernetesClient({ server, caBundle: authority.caCertificate, credentials: { token: "t0ken" } });
}

const discovery = {
  resources: [
    { kind: "Namespace", name: "namespaces", namespaced: false },
    { kind: "Secret", name: "secrets", namespaced: true },
    { kind: "Secret", name: "secrets/status", namespaced: true },
  ],
};

describe("the client of an apiserver", () => {
  it("applies documents where discovery says they live, as JSON, so that no label becomes a truth value", async () => {
    const client = await clientOf(({ method }) => ({ body: method === "GET" ? discovery : {} }));
    await client.applyYaml(`
apiVersion: v1
kind: Namespace
metadata: {name: web, labels: {x: "y"}}
---
---
apiVersion: v1
kind: Secret
metadata: {name: www-tls, namespace: web}
`);
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /api/v1",
      "PATCH /api/v1/namespaces/web?fieldManager=admin&force=true",
      "PATCH /api/v1/namespaces/web/secrets/www-tls?fieldManager=admin&force=true",
    ]);
    expect(asked[1]?.headers).toMatchObject({
      authorization: "Bearer t0ken",
      "content-type": "application/apply-patch+yaml",
    });
    expect(String(asked[1]?.body)).toContain('"labels":{"x":"y"}');
  });

  it("says of a refusal what the apiserver says", async () => {
    const body = { reason: "Forbidden", message: 'secrets is forbidden: User "jane" cannot list' };
    const client = await clientOf(() => ({ status: 403, body }));
    await expect(client.list("/api/v1/secrets")).rejects.toMatchObject({
      status: 403,
      reason: "Forbidden",
      message: 'GET /api/v1/secrets: 403 secrets is forbidden: User "jane" cannot list',
    });
  });

  it("finds nothing where nothing is", async () => {
    const client = await clientOf(() => ({ status: 404, body: { reason: "NotFound" } }));
    expect(await client.get("/api/v1/namespaces/none")).toBeUndefined();
  });
});

describe("a kubeconfig", () => {
  const server = "https://127.0.0.1:6443";
  it.each([
    ["a token", { token: "t0ken" }, { token: "t0ken" }],
    [
      "a client certificate",
      { certificatePem: "CERT", keyPem: "KEY" },
      { "client-certificate-data": "Q0VSVA==", "client-key-data": "S0VZ" },
    ],
  ])("with %s names the cluster and the user", (_, credentials, user) => {
    const config = parse(kubeconfigOf({ server, caBundle: "CA", credentials }));
    expect(config).toMatchObject({
      kind: "Config",
      clusters: [{ name: "local", cluster: { server, "certificate-authority-data": "Q0E=" } }],
      users: [{ name: "local", user }],
      contexts: [{ name: "local", context: { cluster: "local", user: "local" } }],
      "current-context": "local",
    });
  });
});

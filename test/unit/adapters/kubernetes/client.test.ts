import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openCluster } from "../../../../adapters/kubernetes/index.ts";
import type { ClusterAccess, Kubernetes, KubernetesObject } from "../../../../core/kubernetes/port.ts";
import { type ScriptedApiserver, startScriptedApiserver } from "../../../support/scripted-apiserver.ts";

let server: ScriptedApiserver;
let kubernetes: Kubernetes;
const now = new Date("2026-05-01T12:00:00Z");

beforeAll(async () => {
  server = await startScriptedApiserver();
});
afterAll(() => server.close());
beforeEach(async () => {
  server.requests.length = 0;
  server.answers.length = 0;
  kubernetes = await open();
});

function open(access: Partial<ClusterAccess> = {}): Promise<Kubernetes> {
  return openCluster(
    { server: server.url, caBundle: server.authority.caCertificate, credentials: { token: "t0ken" }, ...access },
    {
      cluster: "prod",
      clock: { now: () => now },
      allowedPrivateHosts: ["127.0.0.1"],
      userAgent: "certwright/0.1.0",
    },
  );
}

const secret: KubernetesObject = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { namespace: "web", name: "www-tls", managedFields: [{ manager: "x", operation: "Apply" }] },
  data: { "tls.crt": "eA==" },
};
const ref = { kind: "Secret" as const, namespace: "web", name: "www-tls" };
const ours = { fieldManager: "certwright-a b", force: true };

describe("what is sent", () => {
  const calls: [string, () => Promise<unknown>, object][] = [
    ["version", () => kubernetes.version(), { method: "GET", path: "/version", query: {}, body: undefined }],
    ["get", () => kubernetes.get(ref), { method: "GET", path: "/api/v1/namespaces/web/secrets/www-tls", query: {} }],
    [
      "get of a namespace",
      () => kubernetes.get({ kind: "Namespace", name: "web" }),
      { method: "GET", path: "/api/v1/namespaces/web" },
    ],
    [
      "get in a group",
      () => kubernetes.get({ kind: "DaemonSet", namespace: "web", name: "x" }),
      { method: "GET", path: "/apis/apps/v1/namespaces/web/daemonsets/x" },
    ],
    [
      "get of a name with odd characters",
      () => kubernetes.get({ kind: "ConfigMap", namespace: "../x", name: "a/b?c" }),
      { method: "GET", path: "/api/v1/namespaces/..%2Fx/configmaps/a%2Fb%3Fc", query: {} },
    ],
    [
      "list of the cluster",
      () => kubernetes.list("StatefulSet", {}),
      { method: "GET", path: "/apis/apps/v1/statefulsets", query: { limit: "500" } },
    ],
    [
      "list of a namespace by label",
      () => kubernetes.list("ConfigMap", { namespace: "web", labelSelector: "a in (b,c)" }),
      {
        method: "GET",
        path: "/api/v1/namespaces/web/configmaps",
        query: { limit: "500", labelSelector: "a in (b,c)" },
      },
    ],
    [
      "apply",
      () => kubernetes.apply(secret, ours),
      {
        method: "PATCH",
        path: "/api/v1/namespaces/web/secrets/www-tls",
        query: { fieldManager: "certwright-a b", force: "true" },
        headers: expect.objectContaining({ "content-type": "application/apply-patch+yaml" }),
        body: { ...secret, metadata: { namespace: "web", name: "www-tls" } },
      },
    ],
    [
      "patch",
      () => kubernetes.patch(ref, { metadata: { labels: { a: null } } }, { fieldManager: "c" }),
      {
        method: "PATCH",
        path: "/api/v1/namespaces/web/secrets/www-tls",
        query: { fieldManager: "c" },
        headers: expect.objectContaining({ "content-type": "application/merge-patch+json" }),
        body: { metadata: { labels: { a: null } } },
      },
    ],
    [
      "delete",
      () => kubernetes.delete(ref, { uid: "u", resourceVersion: "7" }),
      {
        method: "DELETE",
        path: "/api/v1/namespaces/web/secrets/www-tls",
        query: {},
        headers: expect.objectContaining({ "content-type": "application/json", "content-length": expect.any(String) }),
        body: { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid: "u", resourceVersion: "7" } },
      },
    ],
  ];

  it.each(calls)("by %s", async (_, call, expected) => {
    await call();
    expect(server.requests).toEqual([expect.objectContaining(expected)]);
  });

  it("says who asks, on one connection, and keeps the token to its header", async () => {
    const before = server.connections();
    await kubernetes.version();
    await kubernetes.version();
    expect(server.connections() - before).toBe(1);
    const [first] = server.requests;
    expect(first?.headers).toMatchObject({
      authorization: "Bearer t0ken",
      "user-agent": "certwright/0.1.0",
      accept: "application/json",
    });
    expect(first?.client).toBeUndefined();
  });

  it("shows a client certificate instead of a token", async () => {
    const { certificate, key } = server.client;
    const door = await open({ credentials: { certificatePem: certificate, keyPem: key } });
    await door.version();
    expect(server.requests[0]?.client).toBe("agent");
    expect(server.requests[0]?.headers.authorization).toBeUndefined();
  });

  it("takes a server with a path before the API's, and a token with line ends around it", async () => {
    const door = await open({ server: `${server.url}/k8s/clusters/c-1/`, credentials: { token: " t0ken\n" } });
    await door.get(ref);
    expect(server.requests[0]).toMatchObject({ path: "/k8s/clusters/c-1/api/v1/namespaces/web/secrets/www-tls" });
    expect(server.requests[0]?.headers.authorization).toBe("Bearer t0ken");
  });

  it("is nothing for an object that lacks its namespace", async () => {
    await expect(kubernetes.get({ kind: "Secret", name: "x" })).rejects.toThrow(TypeError);
    expect(server.requests).toEqual([]);
  });
});

describe("lists", () => {
  const page = (names: string[], next?: string) => ({
    status: 200,
    json: { metadata: { continue: next }, items: names.map((name) => ({ metadata: { name } })) },
  });
  const expired = {
    status: 410,
    json: { kind: "Status", reason: "Expired", message: "The provided continue parameter is too old", code: 410 },
  };
  const namesOf = async () => (await kubernetes.list("Secret", {})).map(({ metadata }) => metadata.name);

  it("read all pages", async () => {
    server.answers.push(page(["a", "b"], "next one"), page(["c"]));
    expect(await namesOf()).toEqual(["a", "b", "c"]);
    expect(server.requests.map(({ query }) => query)).toEqual([
      { limit: "500" },
      { limit: "500", continue: "next one" },
    ]);
  });

  it("begin anew, once, when they expired while being read", async () => {
    server.answers.push(page(["a"], "x"), expired, page(["a"], "y"), page(["b"]));
    expect(await namesOf()).toEqual(["a", "b"]);
    server.answers.splice(0, 1, expired);
    await expect(namesOf()).rejects.toMatchObject({ name: "RefusedError", reason: "ObjectRefused" });
  });

  it("take smaller pages when one is larger than we read", async () => {
    const huge = { status: 200, text: "x".repeat(9 * 1024 * 1024) };
    server.answers.push(({ query }) => (query.limit === "500" ? huge : page(["a"])));
    expect(await namesOf()).toEqual(["a"]);
    expect(server.requests.map(({ query }) => query.limit)).toEqual(["500", "50"]);
  });

  it("end where even small pages are too large", async () => {
    server.answers.push({ status: 200, text: "x".repeat(9 * 1024 * 1024) });
    await expect(namesOf()).rejects.toMatchObject({ name: "UnavailableError", reason: "ClusterUnreachable" });
    expect(server.requests).toHaveLength(3);
  });
});

describe("what comes back", () => {
  const status = (code: number, more: object = {}) => ({ status: code, json: { kind: "Status", code, ...more } });
  const absent = status(404, { reason: "NotFound", details: { name: "www-tls", kind: "secrets" } });
  const noNamespace = status(404, { details: { name: "web", kind: "namespaces" } });

  it("absence, only where an apiserver says it of this object", async () => {
    server.answers.push(absent);
    expect(await kubernetes.get(ref)).toBeUndefined();
    expect(await kubernetes.patch(ref, {}, ours)).toBeUndefined();
    await kubernetes.delete(ref, { uid: "u" });
    server.answers[0] = noNamespace;
    await expect(kubernetes.apply(secret, ours)).rejects.toMatchObject({ reason: "NamespaceNotFound" });
    server.answers[0] = status(404, { message: "the server could not find the requested resource", details: {} });
    await expect(kubernetes.get(ref)).rejects.toMatchObject({ reason: "ObjectRefused" });
  });

  it.each([
    ["a page that says 404", { status: 404, text: "<html>not found</html>" }],
    ["a page instead of an object", { status: 200, text: "<html>please log in</html>" }],
    ["a redirect, which is not followed", { status: 302, headers: { location: "https://example.com/" }, text: "" }],
    ["a failing proxy", { status: 502, text: "bad gateway" }],
    ["a connection that breaks off", "reset" as const],
  ])("no apiserver's answer: %s", async (_, answer) => {
    server.answers.push(answer);
    const error = await kubernetes.get(ref).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "UnavailableError", reason: "ClusterUnreachable", fix: expect.any(String) });
    expect((error as Error).message).not.toContain("html");
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ["seconds", "7", "2026-05-01T12:00:07.000Z"],
    ["a date", "Fri, 01 May 2026 12:00:30 GMT", "2026-05-01T12:00:30.000Z"],
    ["nothing", undefined, "2026-05-01T12:00:01.000Z"],
    ["nonsense", "soon", "2026-05-01T12:00:01.000Z"],
    ["far too long", "999999999", "2026-05-01T13:00:00.000Z"],
  ])("too many requests, with %s in Retry-After", async (_, header, expected) => {
    server.answers.push({ ...status(429), headers: header === undefined ? {} : { "retry-after": header } });
    const error = await kubernetes.get(ref).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "RateLimitedError", reason: "ClusterBusy", retryAt: new Date(expected) });
  });
});

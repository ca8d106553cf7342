import { readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { ClusterSpec } from "../../../../core/kubernetes/cluster.ts";
import type { SecretStore } from "../../../../core/ports.ts";
import type { Environment } from "../../../../functions/runtime/environment.ts";
import { fieldManagerOf, openKubernetes } from "../../../../functions/runtime/kubernetes.ts";
import { authenticate } from "../../../support/eks-authenticator.ts";
import { memorySecretStore } from "../../../support/memory-secret-store.ts";
import { type ScriptedApiserver, startScriptedApiserver } from "../../../support/scripted-apiserver.ts";
import { type StubbedSts, stubbedSts } from "../../../support/stubbed-sts.ts";

let server: ScriptedApiserver;
let now: number;
let sts: StubbedSts;

beforeAll(async () => {
  server = await startScriptedApiserver();
});
afterAll(() => server.close());
beforeEach(() => {
  server.requests.length = 0;
  server.answers.splice(0, server.answers.length, { status: 200, json: { gitVersion: "v1.36.3" } });
  now = Date.parse("2026-05-01T12:00:00Z");
  sts = stubbedSts();
});

const key = { namespace: "_cluster", kind: "Cluster", name: "prod" } as const;

/** The runtime's `kubernetes`, with stored secrets by name. */
function runtime(secrets: Record<string, unknown> = {}, store: SecretStore = storeOf(secrets)) {
  const environment = { instance: "certwright", allowedPrivateHosts: ["127.0.0.1"] } as unknown as Environment;
  const clock = { now: () => new Date(now) };
  const { kubernetes } = openKubernetes(environment, { client: sts.client, clock, store: async () => store });
  return async (auth: ClusterSpec["auth"], more: Partial<ClusterSpec> = {}) => {
    const caBundle = server.authority.caCertificate;
    const door = await kubernetes({ key, spec: { server: server.url, caBundle, auth, ...more } as ClusterSpec });
    return door;
  };
}

function storeOf(secrets: Record<string, unknown>): SecretStore {
  const read = async (name: string) => {
    const value = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
    return value === undefined
      ? undefined
      : { value: typeof value === "string" ? value : JSON.stringify(value), versionId: "1" };
  };
  return { ...memorySecretStore(), read };
}

const authorization = () => server.requests.at(-1)?.headers.authorization;
const rejected = (message: RegExp) => ({
  name: "RefusedError",
  reason: "CredentialsRejected",
  message: expect.stringMatching(message),
  fix: expect.any(String),
});

describe("the apiserver of a Cluster", () => {
  it("is asked with the token of a stored secret, by certwright in its version", async () => {
    const open = runtime({ "certwright/_cluster/prod-token": { "my-token": "t0ken" } });
    const door = await open({ tokenSecretRef: { name: "prod-token", key: "my-token" } });
    expect(await door.version()).toBe("v1.36.3");
    expect(authorization()).toBe("Bearer t0ken");
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    expect(server.requests[0]?.headers["user-agent"]).toBe(`certwright/${version}`);
  });

  it("is asked with a client certificate, both of its parts of one reading", async () => {
    let reads = 0;
    const { certificate, key: pem } = server.client;
    const store = storeOf({ "certwright/_cluster/agent": { "tls.crt": certificate, "tls.key": pem } });
    const read: SecretStore["read"] = (name) => {
      reads += 1;
      return store.read(name);
    };
    const open = runtime({}, { ...store, read });
    await (await open({ clientCertificateSecretRef: { name: "agent" } })).version();
    expect(server.requests[0]?.client).toBe("agent");
    expect(reads).toBe(1);
  });

  it("is asked with a kubeconfig, which says the server and the CA, unless the Cluster does", async () => {
    const cluster = {
      server: server.url,
      "certificate-authority-data": Buffer.from(server.authority.caCertificate).toString("base64"),
    };
    const config = (wish: object) =>
      stringify({
        "current-context": "x",
        contexts: [{ name: "x", context: { cluster: "x", user: "x" } }],
        clusters: [{ name: "x", cluster: { ...cluster, ...wish } }],
        users: [{ name: "x", user: { token: "from-kubeconfig" } }],
      });
    const open = runtime({
      "certwright/_cluster/whole": { kubeconfig: config({}) },
      "certwright/_cluster/elsewhere": { kubeconfig: config({ server: "https://10.0.0.1" }) },
    });
    const nothing = { server: undefined, caBundle: undefined } as unknown as Partial<ClusterSpec>;
    await (await open({ kubeconfigSecretRef: { name: "whole", key: "kubeconfig" } }, nothing)).version();
    await (await open({ kubeconfigSecretRef: { name: "elsewhere", key: "kubeconfig" } })).version();
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(
      Array(2).fill("Bearer from-kubeconfig"),
    );
  });

  it("reads the secret anew each time", async () => {
    const secrets: Record<string, unknown> = { "certwright/_cluster/t": { token: "old" } };
    const open = runtime(secrets);
    const auth = { tokenSecretRef: { name: "t", key: "token" } };
    await (await open(auth)).version();
    secrets["certwright/_cluster/t"] = { token: "new" };
    await (await open(auth)).version();
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(["Bearer old", "Bearer new"]);
  });
});

describe("credentials that are not there", () => {
  const rows: [string, ClusterSpec["auth"], unknown, RegExp][] = [
    [
      "no secret",
      { tokenSecretRef: { name: "t", key: "token" } },
      undefined,
      /"certwright\/_cluster\/t" does not exist/,
    ],
    ["no such key", { tokenSecretRef: { name: "t", key: "token" } }, { other: "geheim" }, /has no key "token"/],
    ["an empty key", { tokenSecretRef: { name: "t", key: "token" } }, { token: "" }, /has no key "token"/],
    [
      "a key every object has",
      { tokenSecretRef: { name: "t", key: "constructor" } },
      { token: "geheim" },
      /has no key/,
    ],
    ["no JSON", { tokenSecretRef: { name: "t", key: "token" } }, "geheim", /has no key "token"/],
    ["JSON that is no object", { tokenSecretRef: { name: "t", key: "token" } }, "null", /has no key "token"/],
    [
      "half a client certificate",
      { clientCertificateSecretRef: { name: "t" } },
      { "tls.crt": "geheim" },
      /has no key "tls\.key"/,
    ],
    [
      "an odd kubeconfig",
      { kubeconfigSecretRef: { name: "t", key: "k" } },
      { k: "geheim" },
      /kubeconfig cannot be used/,
    ],
    ["an odd token", { tokenSecretRef: { name: "t", key: "token" } }, { token: "ge heim" }, /no token/],
  ];

  it.each(rows)("%s", async (_, auth, secret, message) => {
    const opening = runtime({ "certwright/_cluster/t": secret })(auth);
    const error = await opening.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject(rejected(message));
    expect(JSON.stringify([error, (error as Error).message])).not.toContain("geheim");
  });

  it("a store that does not let us read", async () => {
    const store = memorySecretStore(async () => {
      throw Object.assign(new Error("no"), { name: "AccessDeniedException" });
    });
    const opening = runtime({}, store)({ tokenSecretRef: { name: "t", key: "token" } });
    await expect(opening).rejects.toMatchObject(rejected(/No credentials for the cluster prod/));
  });

  it("a store that is away: the cluster cannot be reached for now", async () => {
    const store = memorySecretStore(async () => {
      throw Object.assign(new Error("slow down"), { name: "ThrottlingException" });
    });
    const opening = runtime({}, store)({ tokenSecretRef: { name: "t", key: "token" } });
    await expect(opening).rejects.toMatchObject({ name: "UnavailableError", reason: "ClusterUnreachable" });
  });

  it("a bug stays a bug", async () => {
    const store = { ...memorySecretStore(), read: () => Promise.reject(new TypeError("oops")) };
    await expect(runtime({}, store)({ tokenSecretRef: { name: "t", key: "token" } })).rejects.toThrow(TypeError);
  });

  it("a Cluster without a server", async () => {
    const open = runtime({ "certwright/_cluster/t": { token: "x" } });
    const nowhere = { server: undefined } as unknown as Partial<ClusterSpec>;
    await expect(open({ tokenSecretRef: { name: "t", key: "token" } }, nowhere)).rejects.toMatchObject({
      reason: "ClusterUnreachable",
    });
  });
});

describe("the apiserver of an EKS cluster", () => {
  const eks = { clusterName: "prod", region: "eu-west-1" };
  const whoIs = (clusterName = "prod") => {
    const token = (authorization() ?? "").replace(/^Bearer /, "");
    return authenticate(token, { clusterName, region: "eu-west-1", keys: sts.keys, now: () => new Date(now) });
  };

  it("is shown who the function is", async () => {
    await (await runtime()({ eks })).version();
    expect(whoIs()).toEqual({ arn: sts.ownArn });
    expect(whoIs("staging")).toEqual({ refused: "the signature does not match" });
    expect(sts.requests).toEqual([]);
  });

  it("is shown a role, which is assumed with the cluster's ExternalId", async () => {
    const roleArn = "arn:aws:iam::444455556666:role/certwright-prod";
    await (await runtime()({ eks: { ...eks, roleArn } })).version();
    expect(whoIs()).toEqual({ arn: roleArn });
    expect(sts.requests).toEqual([expect.objectContaining({ RoleArn: roleArn, ExternalId: "certwright/_cluster" })]);
  });

  it("is shown the same token for some minutes, never for ten", async () => {
    const open = runtime();
    const tokens: (string | undefined)[] = [];
    for (const minutes of [0, 7, 10]) {
      now = Date.parse("2026-05-01T12:00:00Z") + minutes * 60_000;
      await (await open({ eks })).version();
      tokens.push(authorization());
      expect(whoIs()).toEqual({ arn: sts.ownArn });
    }
    expect(tokens[1]).toBe(tokens[0]);
    expect(tokens[2]).not.toBe(tokens[0]);
  });

  it("has a token of its own for each cluster, region and role", async () => {
    const open = runtime();
    const roleArn = "arn:aws:iam::444455556666:role/certwright-prod";
    const tokens = new Set<string | undefined>();
    for (const one of [eks, { ...eks, clusterName: "b" }, { ...eks, region: "eu-west-2" }, { ...eks, roleArn }]) {
      await (await open({ eks: one })).version();
      tokens.add(authorization());
    }
    expect(tokens.size).toBe(4);
  });

  it("gets a fresh token after it rejected one, and only then", async () => {
    const open = runtime();
    const status = (code: number) => ({ status: code, json: { kind: "Status", code, message: "no" } });
    const calls: [number, string][] = [
      [503, "ClusterUnreachable"],
      [403, "KubernetesForbidden"],
      [401, "CredentialsRejected"],
    ];
    for (const [code, reason] of calls) {
      server.answers.splice(0, 1, status(code));
      const door = await open({ eks });
      await expect(door.get({ kind: "Secret", namespace: "a", name: "b" })).rejects.toMatchObject({ reason });
      now += 1000;
    }
    const [first, second, third] = server.requests.map(({ headers }) => headers.authorization);
    expect([second, third]).toEqual([first, first]);
    server.answers.splice(0, 1, { status: 200, json: { gitVersion: "v1.36.3" } });
    await (await open({ eks })).version();
    expect(authorization()).not.toBe(first);
  });

  it("is not asked when the role cannot be assumed", async () => {
    sts.denies = true;
    const roleArn = "arn:aws:iam::444455556666:role/certwright-prod";
    const open = runtime();
    await expect(open({ eks: { ...eks, roleArn } })).rejects.toMatchObject(
      rejected(/Not allowed to assume .*certwright-prod/),
    );
    expect(server.requests).toEqual([]);
    sts.denies = false;
    await (await open({ eks: { ...eks, roleArn } })).version();
    expect(whoIs()).toEqual({ arn: roleArn });
  });
});

describe("the field manager", () => {
  it("is told apart by instance, account and region", () => {
    const arn = "arn:aws:states:eu-west-1:111122223333:stateMachine:certwright-issue-certificates";
    expect(fieldManagerOf(arn)).toBe("certwright-certwright-111122223333-eu-west-1");
    expect(fieldManagerOf(arn.replace("certwright-issue", "team-b-issue"))).toBe(
      "certwright-team-b-111122223333-eu-west-1",
    );
  });
});

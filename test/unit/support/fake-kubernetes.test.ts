import { describe, expect, it } from "vitest";
import { testKubernetes } from "../../contract/kubernetes.ts";
import { fakeKubernetes } from "../../support/fake-kubernetes.ts";

testKubernetes("the fake", () => {
  const fake = fakeKubernetes();
  for (const name of ["one", "two"]) fake.addNamespace(name, { suite: "one" });
  for (const name of ["ending", "full"]) fake.addNamespace(name);
  fake.terminateNamespace("ending");
  fake.quota("full", "Secret", 0);
  const powerless = fakeKubernetes();
  powerless.deny({});
  const stranger = fakeKubernetes();
  stranger.health = "unauthorized";
  const dead = fakeKubernetes();
  dead.health = "down";
  return {
    kubernetes: fake.kubernetes,
    powerless: powerless.kubernetes,
    namespaces: ["one", "two"],
    terminating: "ending",
    missing: "nowhere",
    full: "full",
    stranger: stranger.kubernetes,
    dead: dead.kubernetes,
    create: async (object, manager) => void fake.create(object, manager),
    edit: async (ref, change, manager) => void fake.edit(ref, change, manager),
  };
});

describe("what only the fake can do", () => {
  const ref = { kind: "Secret" as const, namespace: "web", name: "www" };
  const ours = { fieldManager: "ours", force: false };
  const secret = (data: Record<string, string> = {}) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "web", name: "www" },
    data,
  });
  const make = () => {
    const fake = fakeKubernetes({ cluster: "prod" });
    fake.addNamespace("web");
    return fake;
  };

  it.each([
    ["down", "UnavailableError", "ClusterUnreachable"],
    ["slow", "UnavailableError", "ClusterUnreachable"],
    ["unauthorized", "RefusedError", "CredentialsRejected"],
    ["busy", "RateLimitedError", "ClusterBusy"],
  ] as const)("is %s for a while, and writes nothing then", async (health, name, reason) => {
    const fake = make();
    fake.health = health;
    fake.retryAt = new Date(5000);
    const error = await fake.kubernetes.apply(secret(), ours).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name, reason, ...(health === "busy" && { retryAt: new Date(5000) }) });
    fake.health = "up";
    expect(await fake.kubernetes.get(ref)).toBeUndefined();
  });

  it("denies one verb, and allows it again", async () => {
    const fake = make();
    const allow = fake.deny({ verb: "create", kind: "Secret" });
    await expect(fake.kubernetes.apply(secret(), ours)).rejects.toMatchObject({
      reason: "KubernetesForbidden",
      message: expect.stringContaining('may not create secrets "www" in namespace "web"'),
      fix: expect.stringContaining("certwright kubernetes rbac prod"),
    });
    allow();
    await fake.kubernetes.apply(secret(), ours);
    fake.deny({ verb: "create", kind: "Secret" });
    await fake.kubernetes.apply(secret({ a: "eA==" }), ours);
  });

  it("writes down every call, and lets a test in before it is answered", async () => {
    const fake = make();
    fake.onCall = () => {
      fake.onCall = undefined;
      fake.create(secret({ a: "eA==" }), "kubectl");
    };
    expect(await fake.kubernetes.get(ref)).toMatchObject({ data: { a: "eA==" } });
    fake.edit(ref, { data: { a: "eQ==" } });
    await fake.kubernetes.delete(ref, { uid: "other" }).catch(() => undefined);
    expect(fake.calls).toEqual([
      { verb: "get", ...ref },
      { verb: "delete", ...ref },
    ]);
    expect(fake.object(ref)).toMatchObject({ data: { a: "eQ==" } });
  });

  it("fills up, ends and empties a namespace", async () => {
    const fake = make();
    fake.quota("web", "Secret", 1);
    await fake.kubernetes.apply(secret(), ours);
    const another = { ...secret(), metadata: { namespace: "web", name: "two" } };
    await expect(fake.kubernetes.apply(another, ours)).rejects.toMatchObject({ reason: "QuotaExceeded" });
    fake.quota("web", "Secret", undefined);
    fake.terminateNamespace("web");
    await expect(fake.kubernetes.apply(another, ours)).rejects.toMatchObject({ reason: "NamespaceTerminating" });
    await fake.kubernetes.apply(secret({ a: "eA==" }), ours);
    fake.removeNamespace("web");
    expect(fake.objects("Secret")).toEqual([]);
    await expect(fake.kubernetes.apply(another, ours)).rejects.toMatchObject({ reason: "NamespaceNotFound" });
  });

  it("takes a workload's status, which is no new generation", async () => {
    const fake = make();
    const shop = { kind: "StatefulSet" as const, namespace: "web", name: "shop" };
    const { kind, ...metadata } = shop;
    fake.create({ apiVersion: "apps/v1", kind, metadata, spec: { replicas: 1 } });
    fake.setStatus(shop, { observedGeneration: 1 });
    fake.edit(shop, { metadata: { annotations: { a: "1" } } });
    expect(fake.object(shop)).toMatchObject({ metadata: { generation: 1 }, status: { observedGeneration: 1 } });
    fake.edit(shop, { spec: { replicas: 2 } });
    expect(fake.object(shop)?.metadata.generation).toBe(2);
  });

  it("lets somebody else apply", async () => {
    const fake = make();
    await fake.kubernetes.apply(secret({ a: "eA==" }), ours);
    fake.applyAs("argo", secret({ a: "eQ==" }));
    await expect(fake.kubernetes.apply(secret({ a: "eA==" }), ours)).rejects.toMatchObject({
      reason: "FieldManagerConflict",
      message: expect.stringContaining('"argo" has .data.a'),
    });
  });
});

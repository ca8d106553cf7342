import { beforeEach, describe, expect, it } from "vitest";
import { UnavailableError } from "../../core/errors.ts";
import type { Kubernetes, ObjectRef } from "../../core/kubernetes/port.ts";
import { testApply } from "./kubernetes/apply.ts";
import {
  b64,
  deploymentOf,
  type KubernetesWorld,
  otherUid,
  ours,
  refusal,
  secretOf,
  theirs,
} from "./kubernetes/world.ts";

/** The contract of core/kubernetes/port.ts; `makeWorld` is called for every test. */
export function testKubernetes(name: string, makeWorld: () => KubernetesWorld | Promise<KubernetesWorld>): void {
  let world: KubernetesWorld;
  let kubernetes: Kubernetes;
  let namespace: string;
  let www: ObjectRef;

  beforeEach(async () => {
    world = await makeWorld();
    kubernetes = world.kubernetes;
    namespace = world.namespaces[0];
    www = { kind: "Secret", namespace, name: "www-tls" };
  });

  const live = async () => {
    const object = await kubernetes.get(www);
    if (!object) throw new Error("it is not there");
    return object;
  };

  testApply(name, makeWorld);

  describe(`${name}: reading`, () => {
    it("tells its version", async () => {
      expect(await kubernetes.version()).toMatch(/^v1\.\d+\.\d+/);
    });

    it("names the right that is missing", async () => {
      const all = await refusal(world.powerless.list("Secret", {}), "KubernetesForbidden");
      expect(all.message).toContain("may not list secrets in all namespaces");
      const one = await refusal(world.powerless.get(www), "KubernetesForbidden");
      expect(one.message).toContain(`may not get secrets "www-tls" in namespace "${namespace}"`);
      const namespaces = await refusal(world.powerless.list("Namespace", {}), "KubernetesForbidden");
      expect(namespaces.message).toContain("may not list namespaces (");
    });

    it("answers undefined for what is not there", async () => {
      expect(await kubernetes.get(www)).toBeUndefined();
      expect(await kubernetes.get({ kind: "Secret", namespace: world.missing, name: "www-tls" })).toBeUndefined();
    });

    it("lists one namespace, with kind and apiVersion on each, by label", async () => {
      for (const [secret, tier] of [
        ["a", "gold"],
        ["b", "tin"],
        ["c", "gold"],
      ] as const)
        await kubernetes.apply(secretOf(namespace, secret, { labels: { tier } }), ours);
      const [, other] = world.namespaces;
      await kubernetes.apply(secretOf(other, "d", { labels: { tier: "gold" } }), ours);
      const names = async (where: { namespace?: string; labelSelector?: string }) =>
        (await kubernetes.list("Secret", where)).map((object) => object.metadata.name).sort();
      expect(await names({ namespace })).toEqual(["a", "b", "c"]);
      expect(await names({ namespace, labelSelector: "tier=gold" })).toEqual(["a", "c"]);
      expect(await names({ namespace, labelSelector: "tier notin (gold),tier" })).toEqual(["b"]);
      expect(await names({ namespace, labelSelector: "!tier" })).toEqual([]);
      const [first] = await kubernetes.list("Secret", { namespace });
      expect(first).toMatchObject({ apiVersion: "v1", kind: "Secret", metadata: { namespace, name: "a" } });
    });

    it("lists the whole cluster", async () => {
      for (const where of world.namespaces) await kubernetes.apply(secretOf(where, "everywhere"), ours);
      const found = await kubernetes.list("Secret", {});
      const where = found
        .filter(({ metadata }) => metadata.name === "everywhere")
        .map(({ metadata }) => metadata.namespace);
      expect(where).toEqual(expect.arrayContaining(world.namespaces));
    });

    it("lists namespaces by label", async () => {
      const found = await kubernetes.list("Namespace", { labelSelector: `suite=${namespace}` });
      expect(found.map(({ metadata }) => metadata.name).sort()).toEqual([...world.namespaces].sort());
      const [one] = await kubernetes.list("Namespace", { labelSelector: `kubernetes.io/metadata.name=${namespace}` });
      expect(one).toMatchObject({ kind: "Namespace", metadata: { name: namespace }, status: { phase: "Active" } });
    });

    it("has nothing in a namespace that is not there", async () => {
      expect(await kubernetes.list("Secret", { namespace: world.missing })).toEqual([]);
    });
  });

  describe(`${name}: patch`, () => {
    it("merges, and null removes", async () => {
      await kubernetes.apply(secretOf(namespace, "www-tls", { labels: { a: "1", b: "2" } }), ours);
      const after = await kubernetes.patch(www, { metadata: { labels: { a: null, c: "3" } } }, ours);
      expect(after?.metadata.labels).toEqual({ b: "2", c: "3" });
      expect(await live()).toEqual(after);
    });

    it("answers undefined for what is not there", async () => {
      expect(await kubernetes.patch(www, { metadata: { labels: { a: "1" } } }, ours)).toBeUndefined();
    });

    it("refuses over a change in between", async () => {
      const { metadata } = await kubernetes.apply(secretOf(namespace, "www-tls"), ours);
      await world.edit(www, { metadata: { labels: { b: "2" } } }, "kubectl-edit");
      const { resourceVersion } = metadata;
      await refusal(
        kubernetes.patch(www, { metadata: { resourceVersion, labels: { c: "3" } } }, ours),
        "ObjectChanged",
      );
    });

    it("refuses over another object of the name", async () => {
      await kubernetes.apply(secretOf(namespace, "www-tls"), ours);
      const change = { metadata: { uid: otherUid, labels: { c: "3" } } };
      await refusal(kubernetes.patch(www, change, ours), "ObjectChanged");
      expect((await live()).metadata.labels).toBeUndefined();
    });

    it("shows no value of an object that it cannot take", async () => {
      await kubernetes.apply(secretOf(namespace, "www-tls"), ours);
      const error = await refusal(kubernetes.patch(www, { data: { extra: "geheim!" } }, ours), "ObjectRefused");
      for (const value of ["geheim", b64("a private key")]) expect(error.message).not.toContain(value);
    });

    it("shows a field that was edited as the editor's", async () => {
      await kubernetes.apply(secretOf(namespace, "www-tls", { labels: { a: "1" } }), ours);
      await kubernetes.patch(www, { data: { "tls.key": b64("x") }, metadata: { annotations: { b: "2" } } }, theirs);
      const { managedFields = [] } = (await live()).metadata;
      expect(managedFields.map(({ manager, operation, fieldsV1 }) => ({ manager, operation, fieldsV1 }))).toEqual([
        {
          manager: "certwright-one",
          operation: "Apply",
          fieldsV1: { "f:data": { "f:tls.crt": {} }, "f:metadata": { "f:labels": { "f:a": {} } }, "f:type": {} },
        },
        {
          manager: "certwright-two",
          operation: "Update",
          fieldsV1: { "f:data": { "f:tls.key": {} }, "f:metadata": { "f:annotations": { ".": {}, "f:b": {} } } },
        },
      ]);
    });

    it("raises a Deployment's generation by its annotations and its template, not by labels", async () => {
      await world.create(deploymentOf(namespace, "shop"), "kubectl-create");
      const shop: ObjectRef = { kind: "Deployment", namespace, name: "shop" };
      expect((await kubernetes.get(shop))?.metadata.generation).toBe(1);
      const same = await kubernetes.patch(shop, { metadata: { labels: { a: "1" } } }, ours);
      expect(same?.metadata.generation).toBe(1);
      const template = { metadata: { annotations: { "certwright.dev/restarted-at": "now" } } };
      const restarted = await kubernetes.patch(shop, { spec: { template } }, ours);
      expect(restarted?.metadata.generation).toBe(2);
      const annotated = await kubernetes.patch(shop, { metadata: { annotations: { a: "1" } } }, ours);
      expect(annotated?.metadata.generation).toBe(3);
      expect(restarted).toMatchObject({ apiVersion: "apps/v1", spec: { template } });
    });
  });

  describe(`${name}: delete`, () => {
    it("deletes that very object; twice is done", async () => {
      const { metadata } = await kubernetes.apply(secretOf(namespace, "www-tls"), ours);
      await kubernetes.delete(www, { uid: metadata.uid ?? "" });
      expect(await kubernetes.get(www)).toBeUndefined();
      await kubernetes.delete(www, { uid: metadata.uid ?? "" });
    });

    it("leaves another of the same name, and one that was changed", async () => {
      const { metadata } = await kubernetes.apply(secretOf(namespace, "www-tls"), ours);
      await refusal(kubernetes.delete(www, { uid: otherUid }), "ObjectChanged");
      await world.edit(www, { metadata: { labels: { b: "2" } } }, "kubectl-edit");
      const { uid = "", resourceVersion = "" } = metadata;
      await refusal(kubernetes.delete(www, { uid, resourceVersion }), "ObjectChanged");
      expect((await live()).metadata.uid).toBe(uid);
    });

    it("names the right that is missing", async () => {
      const there: ObjectRef = { kind: "ConfigMap", namespace, name: "bundle" };
      const error = await refusal(world.powerless.delete(there, { uid: "x" }), "KubernetesForbidden");
      expect(error.message).toContain('may not delete configmaps "bundle" in namespace');
    });
  });

  describe(`${name}: an apiserver that does not answer us`, () => {
    it("does not know the credentials", async () => {
      const error = await refusal(world.stranger.get(www), "CredentialsRejected");
      expect(error.fix).toMatch(/./);
    });

    it("is not there", async () => {
      const error = await world.dead.get(www).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(UnavailableError);
      expect(error).toMatchObject({ reason: "ClusterUnreachable" });
    });
  });
}

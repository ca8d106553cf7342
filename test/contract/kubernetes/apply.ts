import { beforeEach, describe, expect, it } from "vitest";
import type { Kubernetes, KubernetesObject, ObjectRef } from "../../../core/kubernetes/port.ts";
import { b64, big, type KubernetesWorld, otherUid, ours, refusal, secretOf, theirs } from "./world.ts";

/** Server-side apply, and what it is refused for. */
export function testApply(name: string, makeWorld: () => KubernetesWorld | Promise<KubernetesWorld>): void {
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

  describe(`${name}: apply`, () => {
    it("creates, and says who owns what", async () => {
      const made = await kubernetes.apply(
        secretOf(namespace, "www-tls", { annotations: { "example.com/a": "1" } }),
        ours,
      );
      expect(made).toMatchObject({ kind: "Secret", type: "kubernetes.io/tls", data: secretOf("", "").data });
      expect(made.metadata.uid).toMatch(/./);
      expect(made.metadata.resourceVersion).toMatch(/./);
      expect(made.metadata.managedFields).toEqual([
        expect.objectContaining({
          manager: "certwright-one",
          operation: "Apply",
          fieldsV1: {
            "f:data": { "f:tls.crt": {}, "f:tls.key": {} },
            "f:metadata": { "f:annotations": { "f:example.com/a": {} } },
            "f:type": {},
          },
        }),
      ]);
      expect(await live()).toEqual(made);
    });

    it("changes nothing the second time", async () => {
      const first = await kubernetes.apply(secretOf(namespace, "www-tls"), ours);
      const second = await kubernetes.apply(secretOf(namespace, "www-tls"), ours);
      expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    });

    it("takes what it read itself: managedFields are not sent", async () => {
      const first = await kubernetes.apply(secretOf(namespace, "www-tls"), ours);
      const again = await kubernetes.apply(
        { ...first, data: { ...(first.data as object), "ca.crt": b64("ca") } },
        ours,
      );
      expect(again.data).toHaveProperty(["ca.crt"], b64("ca"));
    });

    it("drops what it applied before and applies no more, and keeps what others added", async () => {
      await kubernetes.apply(
        secretOf(namespace, "www-tls", { data: { "ca.crt": b64("ca") }, labels: { a: "1" } }),
        ours,
      );
      await world.edit(www, { data: { extra: b64("x") }, metadata: { labels: { b: "2" } } }, "kubectl-edit");
      const after = await kubernetes.apply(secretOf(namespace, "www-tls"), ours);
      expect(Object.keys(after.data as object).sort()).toEqual(["extra", "tls.crt", "tls.key"]);
      expect(after.metadata.labels).toEqual({ b: "2" });
    });

    it("shares a field that both give the same value, and lets the other keep it", async () => {
      await kubernetes.apply(secretOf(namespace, "www-tls", { labels: { team: "x" } }), ours);
      await kubernetes.apply(secretOf(namespace, "www-tls", { labels: { team: "x" } }), theirs);
      const after = await kubernetes.apply(secretOf(namespace, "www-tls"), ours);
      expect(after.metadata.labels).toEqual({ team: "x" });
    });

    it("refuses to take a field from another applier, naming it and the field", async () => {
      await kubernetes.apply(secretOf(namespace, "www-tls"), theirs);
      const attempt = kubernetes.apply(secretOf(namespace, "www-tls", { data: { "tls.crt": b64("mine") } }), ours);
      const error = await refusal(attempt, "FieldManagerConflict");
      expect(error.message).toContain('"certwright-two"');
      expect(error.message).toContain(".data.tls.crt");
      expect(error.message).not.toContain(b64("mine"));
    });

    it("refuses to take a field back from a hand edit, unless forced", async () => {
      await kubernetes.apply(secretOf(namespace, "www-tls"), ours);
      await world.edit(www, { data: { "tls.crt": b64("edited") } }, "kubectl-edit");
      const edited = await live();
      expect(edited.metadata.managedFields).toContainEqual(
        expect.objectContaining({
          manager: "kubectl-edit",
          operation: "Update",
          fieldsV1: { "f:data": { "f:tls.crt": {} } },
        }),
      );
      const error = await refusal(kubernetes.apply(secretOf(namespace, "www-tls"), ours), "FieldManagerConflict");
      expect(error.message).toContain('"kubectl-edit"');
      const forced = await kubernetes.apply(secretOf(namespace, "www-tls"), { ...ours, force: true });
      expect(forced.data).toEqual(secretOf("", "").data);
      expect(forced.metadata.managedFields?.map(({ manager }) => manager)).toEqual(["certwright-one"]);
    });

    it("takes an empty tls.crt: whoever writes must look himself", async () => {
      const made = await kubernetes.apply(secretOf(namespace, "www-tls", { data: { "tls.crt": "" } }), ours);
      expect(made.data).toHaveProperty(["tls.crt"], "");
    });

    it("speaks of one object only, when it names its uid; a version alone does not keep it from making a new one", async () => {
      const { metadata } = await kubernetes.apply(secretOf(namespace, "www-tls"), ours);
      await refusal(kubernetes.apply(secretOf(namespace, "www-tls", { uid: otherUid }), ours), "ObjectChanged");
      const { uid = "", resourceVersion = "" } = metadata;
      await kubernetes.delete(www, { uid });
      await refusal(kubernetes.apply(secretOf(namespace, "www-tls", { uid }), ours), "ObjectChanged");
      expect(await kubernetes.get(www)).toBeUndefined();
      const anew = await kubernetes.apply(secretOf(namespace, "www-tls", { resourceVersion }), ours);
      expect(anew.metadata.uid).not.toBe(uid);
    });

    it("finds a Secret changed that is not the one it speaks of", async () => {
      const first = await kubernetes.apply(secretOf(namespace, "www-tls"), ours);
      await world.edit(www, { metadata: { labels: { b: "2" } } }, "kubectl-edit");
      const { resourceVersion = "" } = first.metadata;
      const old = secretOf(namespace, "www-tls", { resourceVersion, data: { "tls.crt": b64("new") } });
      await refusal(kubernetes.apply(old, ours), "ObjectChanged");
    });
  });

  describe(`${name}: what an apply is refused for`, () => {
    const cases: [string, string, (w: KubernetesWorld) => KubernetesObject][] = [
      ["a namespace that is not there", "NamespaceNotFound", (w) => secretOf(w.missing, "www-tls")],
      ["a namespace that is being deleted", "NamespaceTerminating", (w) => secretOf(w.terminating, "www-tls")],
      ["a full quota", "QuotaExceeded", (w) => secretOf(w.full, "www-tls")],
      ["more than 1 MiB", "ObjectTooLarge", (w) => secretOf(w.namespaces[0], "www-tls", { data: { big: big(1.1) } })],
      ["more than 3 MiB", "ObjectTooLarge", (w) => secretOf(w.namespaces[0], "www-tls", { data: { big: big(3) } })],
      [
        "a key that is missing",
        "ObjectRefused",
        (w) => ({ ...secretOf(w.namespaces[0], "www-tls"), data: { "tls.crt": "" } }),
      ],
      [
        "bad base64",
        "ObjectRefused",
        (w) => secretOf(w.namespaces[0], "www-tls", { data: { "tls.key": "c2VjcmV0!" } }),
      ],
    ];

    it.each(cases)("%s: %s, with what to do", async (_, reason, make) => {
      const object = make(world);
      const error = await refusal(kubernetes.apply(object, ours), reason);
      expect(error.fix).toMatch(/./);
      for (const value of Object.values(object.data as Record<string, string>).filter((one) => one !== ""))
        expect(error.message).not.toContain(value.slice(0, 12));
    });

    it("names verb, resource and namespace of a right that is missing, and how to give it", async () => {
      const attempt = world.powerless.apply(secretOf(namespace, "www-tls"), ours);
      const error = await refusal(attempt, "KubernetesForbidden");
      expect(error.message).toContain(`may not patch secrets "www-tls" in namespace "${namespace}"`);
      expect(error.fix).toContain("certwright kubernetes rbac ");
    });

    it("a type that is another, without its values", async () => {
      await world.create({ ...secretOf(namespace, "www-tls"), type: "Opaque" }, "kubectl-create");
      const error = await refusal(
        kubernetes.apply(secretOf(namespace, "www-tls"), { ...ours, force: true }),
        "ObjectRefused",
      );
      expect(error.message).toContain("type");
      expect(error.message).toContain("immutable");
      expect(error.message).not.toContain("kubernetes.io/tls");
    });
  });
}

import { describe, expect, it } from "vitest";
import type { Requests, StoredRequest } from "../../core/ports.ts";
import type { Kind, ResourceKey } from "../../core/resource.ts";

/** What a user writes with put-item, past the port. */
export type Plant = (namespace: string, resource: string, item: Partial<Omit<StoredRequest, "key">>) => Promise<void>;

/** What the port Requests promises; `makeRequests` gives a new and empty one each time. */
export function testRequests(
  name: string,
  makeRequests: () => Promise<{ requests: Requests; plant: Plant }> | { requests: Requests; plant: Plant },
): void {
  const apiVersion = "cert-manager.io/v1";
  const spec = { secretName: "www-tls", dnsNames: ["www.example.com"], issuerRef: { name: "le" } };
  const metadata = { labels: { team: "web" }, annotations: { "certwright.dev/store": "s3" } };
  const www: ResourceKey = { namespace: "web", kind: "Certificate", name: "www" };
  const keyOf = (kind: Kind, one: string, namespace = "web"): ResourceKey => ({ namespace, kind, name: one });

  describe(`Requests: ${name}`, () => {
    it("gives back an object as it was put", async () => {
      const { requests } = await makeRequests();
      await requests.put({ key: www, apiVersion, metadata, spec });
      expect(await requests.get(www)).toEqual({ key: www, apiVersion, metadata, spec });
    });

    it("gives back text as text, and answers undefined for what a user left out", async () => {
      const { requests, plant } = await makeRequests();
      await plant("web", "Certificate/www", { spec: "{secretName: www-tls}" });
      expect(await requests.get(www)).toEqual({
        key: www,
        apiVersion: undefined,
        metadata: undefined,
        spec: "{secretName: www-tls}",
      });
    });

    it("hands on whatever a user wrote, also nonsense", async () => {
      const { requests, plant } = await makeRequests();
      const nonsense = { a: null, b: [1, "", { c: false }], d: 1e40, e: {} };
      await plant("web", "Certificate/www", { apiVersion: 7, metadata: "text", spec: nonsense });
      expect(await requests.get(www)).toEqual({ key: www, apiVersion: 7, metadata: "text", spec: nonsense });
    });

    it("answers undefined for what is not there", async () => {
      const { requests } = await makeRequests();
      expect(await requests.get(www)).toBeUndefined();
      expect(await requests.getMany([])).toEqual(new Map());
      expect(await requests.list("web")).toEqual([]);
    });

    it("replaces the whole object and leaves undefined fields out", async () => {
      const { requests } = await makeRequests();
      await requests.put({ key: www, apiVersion, metadata, spec });
      await requests.put({ key: www, apiVersion, spec: { ...spec, duration: undefined } });
      const stored = await requests.get(www);
      expect(stored).toEqual({ key: www, apiVersion, metadata: undefined, spec });
      expect(Object.keys(stored?.spec as object).sort()).toEqual(["dnsNames", "issuerRef", "secretName"]);
    });

    it("keeps its object when the caller changes what he put or read", async () => {
      const { requests } = await makeRequests();
      const mine = structuredClone(spec);
      await requests.put({ key: www, apiVersion, spec: mine });
      mine.secretName = "changed";
      const read = (await requests.get(www))?.spec as typeof spec;
      read.secretName = "changed";
      expect((await requests.get(www))?.spec).toEqual(spec);
    });

    it("deletes, also what is not there", async () => {
      const { requests } = await makeRequests();
      await requests.put({ key: www, apiVersion, spec });
      await requests.delete(www);
      await requests.delete(www);
      expect(await requests.get(www)).toBeUndefined();
    });

    it("reads more than a hundred at once, absent ones left out", async () => {
      const { requests } = await makeRequests();
      const keys = Array.from({ length: 120 }, (_, index) => keyOf("Certificate", `c-${index}`));
      await Promise.all(keys.map((key) => requests.put({ key, apiVersion, spec: { secretName: key.name } })));
      const read = await requests.getMany([...keys, ...keys.slice(0, 9), keyOf("Certificate", "absent")]);
      expect([...read.keys()].sort()).toEqual(keys.map((key) => `web/Certificate/${key.name}`).sort());
      expect(read.get("web/Certificate/c-7")?.spec).toEqual({ secretName: "c-7" });
    });

    it("lists one namespace, and one kind of it, by name", async () => {
      const { requests, plant } = await makeRequests();
      const keys = [keyOf("Certificate", "b"), keyOf("Certificate", "a"), keyOf("Issuer", "le")];
      for (const key of [...keys, keyOf("Certificate", "a", "mail")]) await requests.put({ key, apiVersion, spec });
      await plant("web", "CertificateRequestPolicy/x", { spec });
      const names = (found: StoredRequest[]) => found.map(({ key }) => `${key.kind}/${key.name}`);
      expect(names(await requests.list("web"))).toEqual(["Certificate/a", "Certificate/b", "Issuer/le"]);
      expect(names(await requests.list("web", "Certificate"))).toEqual(["Certificate/a", "Certificate/b"]);
      expect(names(await requests.list("web", "ClusterIssuer"))).toEqual([]);
    });

    it("scans everything, and gives keys that are none of ours as unknown", async () => {
      const { requests, plant } = await makeRequests();
      const keys = Array.from({ length: 250 }, (_, index) => keyOf("Certificate", `c-${index}`, `n-${index % 7}`));
      await Promise.all(keys.map((key) => requests.put({ key, apiVersion, spec })));
      await plant("web", "Gateway/x", { spec });
      await plant("web", "certificate", {});
      const found: StoredRequest[] = [];
      const unknown: { namespace: string; resource: string }[] = [];
      for await (const page of requests.scan()) {
        found.push(...page.requests);
        unknown.push(...page.unknown);
      }
      const names = (all: ResourceKey[]) => all.map((key) => `${key.namespace}/${key.name}`).sort();
      expect(names(found.map(({ key }) => key))).toEqual(names(keys));
      expect(found[0]).toMatchObject({ apiVersion, spec });
      expect(unknown.map(({ resource }) => resource).sort()).toEqual(["Gateway/x", "certificate"]);
      expect(unknown[0]?.namespace).toBe("web");
    });
  });
}

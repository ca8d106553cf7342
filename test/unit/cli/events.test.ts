import { globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import type { Deps } from "../../../core/deps.ts";
import { forget } from "../../../core/dispatch/forget.ts";
import type { Fact } from "../../../core/ports.ts";
import { makeWorld, noon, putRow, readyRow, request } from "./world.ts";

interface Schema {
  $schema: string;
  $id: string;
  title: string;
  required: string[];
  properties: Record<string, object>;
}

const read = (name: string): Schema => JSON.parse(readFileSync(`docs/events/${name}.v1.schema.json`, "utf8"));
const accepts = (name: string, detail: unknown) =>
  z.fromJSONSchema(read(name) as Parameters<typeof z.fromJSONSchema>[0]).safeParse(detail).success;

const issued = {
  namespace: "web",
  name: "www",
  revision: 1,
  secretName: "www-tls",
  store: "secretsManager",
  secretArn: "arn:aws:secretsmanager:eu-central-1:000000000000:secret:certwright/web/www-tls-AbCdEf",
  versionId: "11111111-2222-4333-8444-555555555555",
  fingerprint: "ab".repeat(32),
  notBefore: "2026-11-22T11:00:00.000Z",
  notAfter: "2027-02-20T11:00:00Z",
  issuer: "_cluster/ClusterIssuer/pebble",
};
const failed = {
  namespace: "web",
  name: "www",
  revision: 2,
  attemptId: "11111111-2222-4333-8444-555555555555",
  reason: "ChallengeFailed",
  message: "the CA found no TXT record; look at the zone",
  errorClass: "RefusedError",
  failedIssuanceAttempts: 1,
  nextTry: "2026-11-22T12:01:00Z",
};

describe("event schemas", () => {
  it.each(globSync("docs/events/*.json").sort())(
    "%s is draft 2020-12, versioned, and describes what it requires",
    (file) => {
      const schema: Schema = JSON.parse(readFileSync(file, "utf8"));
      const name = file.split("/").at(-1) ?? "";
      expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
      expect(schema.$id).toBe(`https://certwright.dev/events/${name}`);
      expect(name).toBe(`${schema.title.toLowerCase().replaceAll(" ", "-")}.v1.schema.json`);
      expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(schema.required));
    },
  );

  it.each([
    ["certificate-issued", issued],
    ["certificate-issuance-failed", failed],
    ["certificate-deleted", { namespace: "web", name: "www", revision: 0, secretKept: true }],
    ["certificate-requested", { name: "www", spec: { secretName: "www-tls" }, metadata: { labels: { a: "b" } } }],
    ["certificate-requested", { name: "www", spec: "{secretName: www-tls}" }],
    ["certificate-deletion-requested", { name: "www" }],
    ["cluster-sync-requested", { certificates: [{ namespace: "web", name: "www" }] }],
  ])("%s accepts a good detail", (name, detail) => {
    expect(accepts(name, detail)).toBe(true);
  });

  it.each([
    ["certificate-issued", { ...issued, fingerprint: "AB" }],
    ["certificate-issued", { ...issued, versionId: undefined }],
    ["certificate-issuance-failed", { ...failed, reason: "not camel case" }],
    ["certificate-issuance-failed", { ...failed, errorClass: "Oops" }],
    ["certificate-deleted", { namespace: "web", name: "www", revision: 0 }],
    ["cluster-sync-requested", { certificates: [] }],
    ["certificate-requested", { name: "www", spec: {}, namespace: "another" }],
    ["certificate-requested", { name: "Not A Name", spec: {} }],
    ["certificate-deletion-requested", {}],
  ])("%s refuses a bad one: %j", (name, detail) => {
    expect(accepts(name, detail)).toBe(false);
  });

  it("certificate-deleted fits what the pipeline tells", async () => {
    const world = makeWorld();
    const hash = await request(world, "web");
    await putRow(world, readyRow("web", hash));
    const row = await world.state.certificate(readyRow("web", hash).key);
    const facts: Fact[] = [];
    const deps = {
      instance: "certwright",
      state: world.state,
      clock: world.installation.clock,
      events: { publish: async (told: Fact[]) => void facts.push(...told) },
      log: () => undefined,
    } as unknown as Deps;
    const policy = {} as Parameters<typeof forget>[1]["policy"];
    await forget(deps, {
      key: readyRow("web", hash).key,
      now: new Date(noon),
      request: undefined,
      row,
      issuer: undefined,
      policy,
    });
    expect(facts.map(({ type }) => type)).toEqual(["Certificate Deleted"]);
    expect(accepts("certificate-deleted", facts[0]?.detail)).toBe(true);
    expect(facts[0]?.detail).toMatchObject({ secretName: "web-tls", secretKept: true });
  });
});

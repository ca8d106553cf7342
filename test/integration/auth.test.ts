import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { ChangeResourceRecordSetsCommand } from "@aws-sdk/client-route-53";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateSecretCommand, DescribeSecretCommand } from "@aws-sdk/client-secrets-manager";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { functionNames } from "../../cdk/functions.ts";
import { delegationOf } from "../../core/dns/delegation.ts";
import type { Manifest } from "../../local/requests.ts";
import { pebbleIssuer } from "../../local/seed.ts";
import type { AuthCall, Ground } from "../support/auth-calls.ts";
import { conditionKeysIn, isUnfilled, unfilledKeys } from "../support/auth-conditions.ts";
import { controls, probes } from "../support/auth-probes.ts";
import { bounds, things } from "../support/auth-refusals.ts";
import type { AuthStack } from "../support/auth-stack.ts";
import { startAuthStack } from "../support/auth-stack.ts";
import { readInstalled } from "../support/iam-template.ts";
import { keyMaterialArn } from "../support/iam-weigh.ts";
import { certificate } from "../support/integration-bed.ts";
import { sendOrder } from "../support/integration-orders.ts";
import type { SecretValue } from "../support/stack.ts";

/**
 * The emulator with AUTH=true, on a stack of its own: each function's calls are weighed by its own role. What the emulator
 * does not say to a policy is left out of it (test/support/auth-conditions.ts); yy-least-privilege.test.ts weighs that.
 */
let auth: AuthStack;
let ground: Ground;

const namespace = "web";
const ask = (name: string, annotations: Record<string, string>): Manifest =>
  certificate({ namespace, name, issuer: "pebble", dnsNames: [`${name}.example.test`], annotations });
const s3 = { "certwright.dev/store": "s3" };
const dropped = { "certwright.dev/deletion-policy": "delete", "certwright.dev/recovery-window-days": "7" };
const kept = [ask("in-secrets-manager", {}), ask("in-s3", s3)];
const issuer = (name: string, spec: Record<string, unknown>): Manifest => ({
  apiVersion: "cert-manager.io/v1",
  kind: "Issuer",
  metadata: { namespace, name },
  spec,
});
const signed = (name: string, issuer: string, more: Record<string, unknown>): Manifest =>
  certificate({ namespace, name, issuer, issuerKind: "Issuer", dnsNames: [`${name}.example.test`], more });
/** A CA of our own, and what it signs. */
const ofOurCa = [
  issuer("selfsigned", { selfSigned: {} }),
  signed("root", "selfsigned", { isCA: true, commonName: "root" }),
  issuer("root", { ca: { secretName: "root-tls" } }),
];
const leaf = signed("leaf", "root", {});
/** Proven over HTTP, at the stack's own web server. */
const overHttp = certificate({
  namespace,
  name: "over-http",
  issuer: "http",
  dnsNames: [],
  more: { ipAddresses: ["127.0.0.1"] },
});
const revoked = ask("revoked", {});
/** Of a zone that is not declared; its challenges are handed over to the one for validation. */
const handedOver = certificate({ namespace, name: "handed-over", issuer: "follow", dnsNames: ["www.elsewhere.test"] });
const nowhere = certificate({ namespace, name: "nowhere", issuer: "pebble", dnsNames: ["www.nowhere.test"] });
const leaving = [ask("leaves-secrets-manager", dropped), ask("leaves-s3", { ...dropped, ...s3 })];
const ordered = ask("ordered", {});
const keyOf = ({ metadata: { name } }: Manifest) => ({ namespace, name });

beforeAll(async () => {
  auth = await startAuthStack();
  const { stack, tested, zones } = auth;
  ground = { account: stack.account, region: stack.region, keyMaterial: await keyMaterialArn(tested), zones };
  await storeByHand(things.foreign, [{ Key: "certwright:owner", Value: "web/Certificate/www" }]);
  await storeByHand(things.untagged, []);
  const pebble = pebbleIssuer(stack.acme, "pebble", "default");
  await tested.put(pebble);
  const { acme } = pebble.spec as { acme: object };
  const solvedBy = (name: string, ...solvers: object[]) =>
    tested.put({ ...pebble, metadata: { name }, spec: { acme: { ...acme, solvers } } });
  await solvedBy("http", { http01: { ingress: {} } });
  await solvedBy("follow", { dns01: { route53: { region: "us-east-1" }, cnameStrategy: "Follow" } });
  const { from, to } = delegationOf("_acme-challenge.www.elsewhere.test", "validation.test");
  await makeAlias(from, to);
  await Promise.all(
    [...kept, ...leaving, ...ofOurCa, leaf, overHttp, revoked, handedOver].map((manifest) => tested.put(manifest)),
  );
  await sendOrder(tested, "Certificate Requested", namespace, { name: "ordered", spec: ordered.spec });
  const issued = [...kept, ...leaving, leaf, overHttp, revoked, handedOver, ordered];
  await Promise.all(issued.map((manifest) => tested.ready(keyOf(manifest), { timeoutMs: 120_000 })));
}, 240_000);

afterAll(() => auth?.stop());

async function makeAlias(Name: string, Value: string): Promise<void> {
  const ResourceRecordSet = { Name, Type: "CNAME" as const, TTL: 5, ResourceRecords: [{ Value }] };
  const ChangeBatch = { Changes: [{ Action: "CREATE" as const, ResourceRecordSet }] };
  const asked = new ChangeResourceRecordSetsCommand({ HostedZoneId: ground.zones.other, ChangeBatch });
  await auth.tested.route53.send(asked);
}

async function storeByHand(Name: string, Tags: { Key: string; Value: string }[]): Promise<void> {
  await auth.tested.clients.secrets.send(new CreateSecretCommand({ Name, SecretString: "{}", Tags }));
}

async function inBucket(name: string): Promise<SecretValue> {
  const client = new S3Client({ ...auth.tested.clients.settings, forcePathStyle: true });
  const Bucket = `certwright-secrets-${ground.account}-${ground.region}`;
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: `certwright/${namespace}/${name}` }));
  return JSON.parse((await Body?.transformToString()) ?? "") as SecretValue;
}

/** What the functions did so far, at AWS: all that was signed by the session of a role. */
const callsOfFunctions = () => auth.stack.recorder.list().filter(({ signedBy = "" }) => signedBy.startsWith("ASIA"));

/** As which role a call was refused, and in what words; "allowed" when it was not. */
async function answerTo(role: string, call: AuthCall): Promise<{ name: string; message: string }> {
  const refusal = await call(await auth.as(role), ground).then(
    () => ({ name: "allowed", message: "" }),
    ({ name, message }: Error) => ({ name, message }),
  );
  return refusal;
}

const refusedTo = (role: string) => ({
  name: expect.stringMatching(/^AccessDenied(Exception)?$/),
  message: expect.stringContaining(`:assumed-role/certwright-${role}/test is not authorized to perform`),
});

describe("under its functions' own roles, the pipeline", () => {
  it("issues, into both stores, what was written and what was ordered on the bus", async () => {
    const { tested } = auth;
    for (const { metadata } of [...kept, ordered]) {
      const name = `${metadata.name}-tls`;
      const secret = metadata.name === "in-s3" ? await inBucket(name) : await tested.secret({ namespace, name });
      await tested.verify(secret);
    }
  });

  it("renews", async () => {
    const renew = { "certwright.dev/renew-requested-at": new Date().toISOString() };
    const again = kept.map((one) => ({
      ...one,
      metadata: { ...one.metadata, annotations: { ...(one.metadata.annotations as object), ...renew } },
    }));
    await Promise.all(again.map((manifest) => auth.tested.put(manifest)));
    for (const manifest of kept) await auth.tested.ready(keyOf(manifest), { revision: 2 });
  });

  it("signs with a CA of ours, and answers a challenge over HTTP", async () => {
    const { tested } = auth;
    const made = await tested.secret({ namespace, name: "leaf-tls" });
    const root = await tested.secret({ namespace, name: "root-tls" });
    expect(made["ca.crt"]).toBe(root["tls.crt"]);
    expect(new X509Certificate(made["tls.crt"] ?? "").issuer).toBe("CN=root");
    await tested.verify(await tested.secret({ namespace, name: "over-http-tls" }));
  });

  it("proves a name over the zone for validation, and says of another one how that is done", async () => {
    const { tested } = auth;
    await tested.put(nowhere);
    await tested.verify(await tested.secret({ namespace, name: "handed-over-tls" }));
    const { to } = delegationOf("_acme-challenge.www.nowhere.test", "validation.test");
    const refused = async () =>
      expect((await tested.state.certificate({ ...keyOf(nowhere), kind: "Certificate" }))?.ready).toMatchObject({
        reason: "HostedZoneNotFound",
        message: expect.stringContaining(`create the record _acme-challenge.www.nowhere.test CNAME ${to} where`),
      });
    await vi.waitFor(refused, { timeout: 30_000, interval: 200 });
  });

  it("rewrites a secret", async () => {
    const { tested } = auth;
    const labels = { team: "web" };
    await tested.put({ ...leaf, spec: { ...(leaf.spec as object), secretTemplate: { labels } } });
    const labelled = async () => {
      const { metadata } = await tested.secret({ namespace, name: "leaf-tls" });
      expect(metadata).toMatchObject({ labels });
    };
    await vi.waitFor(labelled, { timeout: 30_000, interval: 200 });
  });

  it("revokes a certificate, and replaces it", async () => {
    const { tested } = auth;
    const wish = JSON.stringify({ at: new Date().toISOString(), reason: "superseded" });
    const annotations = { "certwright.dev/revoke-requested": wish };
    await tested.put({ ...revoked, metadata: { ...revoked.metadata, annotations } });
    await tested.ready(keyOf(revoked), { revision: 2 });
    const told = async () =>
      expect(await tested.state.revocationsOf({ ...keyOf(revoked), kind: "Certificate" })).toMatchObject([
        { reason: "superseded", revokedAt: expect.any(String) },
      ]);
    await vi.waitFor(told, { timeout: 30_000, interval: 200 });
  });

  it("deletes", async () => {
    const { tested } = auth;
    await Promise.all(leaving.map((manifest) => tested.delete(keyOf(manifest))));
    const asked = new DescribeSecretCommand({ SecretId: `certwright/${namespace}/leaves-secrets-manager-tls` });
    const isGone = async () => (await tested.clients.secrets.send(asked)).DeletedDate !== undefined;
    await vi.waitUntil(isGone, { timeout: 30_000, interval: 200 });
    await vi.waitFor(() => expect(inBucket("leaves-s3-tls")).rejects.toThrow("does not exist"), { timeout: 30_000 });
  });

  it("was refused nothing, while each function signed with a key of its own", async () => {
    await auth.tested.resync();
    // The sweep calls it for what is due, which here is nothing for minutes.
    await auth.tested.invoke("check-certificates", { keys: [{ ...keyOf(ordered), kind: "Certificate" }] });
    const calls = callsOfFunctions();
    expect(calls.filter(({ error = "" }) => /Denied|Token|Signature/.test(error))).toEqual([]);
    expect(calls.filter((call) => call.function === undefined)).toEqual([]);
    const signers = functionNames.map((name) => [
      ...new Set(calls.filter((call) => call.function === name).map(({ signedBy }) => signedBy)),
    ]);
    expect(signers.map(({ length }) => length)).toEqual(functionNames.map(() => 1));
    expect(new Set(signers.flat()).size).toBe(functionNames.length);
  });
});

describe.each(Object.entries(bounds))("as the role of %s", (name, { may, mayNot }) => {
  it("AWS answers a call within its rights", async () => {
    const identity = await (await auth.as(name)).sts.send(new GetCallerIdentityCommand({}));
    expect(identity.Arn).toMatch(new RegExp(`:assumed-role/certwright-${name}/test$`));
    expect(await answerTo(name, may)).toEqual({ name: "allowed", message: "" });
  });

  it.each(Object.entries(mayNot))("one may not %s", async (_title, call) => {
    expect(await answerTo(name, call)).toEqual(refusedTo(name));
  });
});

describe("what the emulator does not tell a policy", () => {
  it("is all that was left out of the policies as they are written", () => {
    const keysOf = (file: string) => conditionKeysIn(JSON.parse(readFileSync(file, "utf8")));
    const written = keysOf(auth.asWritten);
    const deployed = keysOf(auth.asWritten.replace(/[^/]*$/, "certwright.template.json"));
    expect([...written].filter((key) => !deployed.has(key)).sort()).toEqual([...written].filter(isUnfilled).sort());
    expect([...deployed].filter(isUnfilled)).toEqual([]);
    expect(deployed).toContain("aws:ResourceTag/certwright:owner");
    expect(unfilledKeys.filter(([pattern]) => ![...written].some((key) => pattern.test(key)))).toEqual([]);
  });

  it("has a probe for each", () => {
    const keys = probes.map(({ unsaid }) => unsaid);
    expect(unfilledKeys.filter(([pattern]) => !keys.some((key) => pattern.test(key)))).toEqual([]);
  });

  it.each(probes)("is $unsaid: it refuses what AWS allows", async ({ unsaid, by, call }) => {
    const place = { ...ground, keys: { KeyMaterial: ground.keyMaterial } };
    const policy = typeof by === "string" ? readInstalled(auth.asWritten, place).role(by) : by;
    const role = `probe-${unsaid.replaceAll(/\W+/g, "-")}`;
    await auth.makeRole(role, policy);
    expect(await answerTo(role, call)).toEqual(refusedTo(role));
  });

  it.each(controls)("is not $title", async ({ title, by, call }) => {
    const role = `control-${title.replaceAll(/\W+/g, "-")}`;
    await auth.makeRole(role, by);
    expect(await answerTo(role, call)).toMatchObject({ name: "allowed" });
  });
});

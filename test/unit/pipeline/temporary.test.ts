import { createPrivateKey, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openPipeline, type Pipeline, type PipelineOptions } from "../../support/pipeline.ts";
import { inSeconds, leafSpec, privateCa } from "../../support/private-ca.ts";
import { certificateSpec } from "../../support/specs.ts";

const asks = { annotations: { "cert-manager.io/issue-temporary-certificate": "true" } };

/** Holds the order until told, and looks at the secret meanwhile. */
async function atOrder(look: (p: Pipeline) => Promise<void>, options: PipelineOptions = {}) {
  let looked = false;
  const p: Pipeline = await openPipeline({
    ...options,
    hook: async (task, _input, run) => {
      if (task === "CreateOrder" && !looked) {
        looked = true;
        await look(p);
      }
      return run();
    },
  });
  await p.issuer();
  return p;
}

describe("a temporary certificate", () => {
  it("stands in the secret for the new key until the certificate comes, and is nobody's", async () => {
    let seen: Record<string, unknown> = {};
    const p = await atOrder(async (here) => {
      seen = (await here.secret("web", "www-tls")) ?? {};
      expect((await here.row("web/www"))?.ready).toMatchObject({ status: "False", reason: "DoesNotExist" });
      expect(here.facts).toEqual([]);
    });
    await p.apply("web/www", certificateSpec("www"), asks);
    await p.time.runUntil(inSeconds(p, 120));
    const placeholder = new X509Certificate(String(seen["tls.crt"]));
    expect(placeholder.issuer).toBe("CN=cert-manager.local");
    expect(placeholder.subjectAltName).toBe("DNS:www.example.test");
    expect(placeholder.checkPrivateKey(createPrivateKey(String(seen["tls.key"])))).toBe(true);
    const { annotations } = seen.metadata as { annotations: Record<string, string> };
    expect(annotations).toMatchObject({
      "cert-manager.io/issuer-name": "",
      "cert-manager.io/issuer-kind": "",
      "cert-manager.io/issuer-group": "",
    });
    const secret = await p.secret("web", "www-tls");
    expect(secret?.["tls.key"]).toBe(seen["tls.key"]);
    expect(secret?.["tls.crt"]).not.toBe(seen["tls.crt"]);
    expect(await p.row("web/www")).toMatchObject({ revision: 1, ready: { status: "True" } });
  });

  it("is not made for who does not ask, and costs no call", async () => {
    const calls: string[] = [];
    const p = await atOrder(async (here) => {
      expect(await here.secret("web", "www-tls")).toBeUndefined();
      expect(calls).toEqual([]);
    });
    const { describe: look, read } = p.stores.secretsManager;
    p.stores.secretsManager.describe = (name) => {
      calls.push(`describe ${name}`);
      return look(name);
    };
    p.stores.secretsManager.read = (name) => {
      if (name.endsWith("-tls")) calls.push(`read ${name}`);
      return read(name);
    };
    await p.apply("web/www", certificateSpec("www"));
    await p.time.runUntil(inSeconds(p, 120));
    expect(await p.ready("web/www")).toBe(true);
  });

  it("does not take the place of a working certificate while that is renewed", async () => {
    const p = await openPipeline();
    await p.issuer();
    await p.apply("web/www", certificateSpec("www"), asks);
    await p.time.runUntil(inSeconds(p, 120));
    const writes: string[] = [];
    const { write } = p.stores.secretsManager;
    p.stores.secretsManager.write = (one) => {
      writes.push(one.name);
      return write(one);
    };
    const at = p.time.now().toISOString();
    await p.apply("web/www", certificateSpec("www"), {
      annotations: { ...asks.annotations, "certwright.dev/renew-requested-at": at },
    });
    await p.time.runUntil(inSeconds(p, 120));
    expect(await p.row("web/www")).toMatchObject({ revision: 2 });
    expect(writes).toEqual(["certwright/web/www-tls"]);
  });

  it("does not take the place of a pair that another key is wanted for", async () => {
    const p = await openPipeline();
    await p.issuer();
    await p.apply("web/www", certificateSpec("www"), asks);
    await p.time.runUntil(inSeconds(p, 120));
    const versions = () => p.stores.secretsManager.secrets.get("certwright/web/www-tls")?.versions.length;
    expect(versions()).toBe(2);
    await p.apply("web/www", certificateSpec("www", { privateKey: { algorithm: "ECDSA", size: 384 } }), asks);
    await p.time.runUntil(inSeconds(p, 120));
    expect(await p.row("web/www")).toMatchObject({ revision: 2 });
    expect(versions()).toBe(3);
  });

  it("is not looked for where the reason says that a pair is there", async () => {
    const p = await openPipeline();
    await p.issuer();
    await p.apply("web/www", certificateSpec("www"), asks);
    await p.time.runUntil(inSeconds(p, 120));
    const reads: string[] = [];
    const { read } = p.stores.secretsManager;
    p.stores.secretsManager.read = (name) => {
      if (name.endsWith("-tls")) reads.push(name);
      return read(name);
    };
    await p.apply("web/www", certificateSpec("www", { dnsNames: ["api.example.test"] }), asks);
    await p.time.runUntil(inSeconds(p, 120));
    expect(await p.row("web/www")).toMatchObject({ revision: 2 });
    expect(reads).toEqual([]);
  });

  it("is not put over a secret that somebody else made", async () => {
    const p = await openPipeline();
    await p.issuer();
    const secret = { tags: {}, versions: [{ id: "by-hand", value: "mine" }] };
    p.stores.secretsManager.secrets.set("certwright/web/www-tls", secret);
    await p.apply("web/www", certificateSpec("www"), asks);
    await p.time.runUntil(inSeconds(p, 120));
    expect(secret.versions).toHaveLength(1);
    const key = { namespace: "web", kind: "Certificate", name: "www" } as const;
    const told = (await p.state.events(key, 10)).map(({ reason }) => reason);
    expect(told).not.toContain("TemporaryCertificateFailed");
  });

  it("that cannot be stored holds up nothing", async () => {
    const p = await atOrder(async () => {});
    const { write } = p.stores.secretsManager;
    let refusals = 0;
    p.stores.secretsManager.write = (one) => {
      if (one.name.endsWith("www-tls") && refusals++ === 0) throw new Error("the store is away");
      return write(one);
    };
    await p.apply("web/www", certificateSpec("www"), asks);
    await p.time.runUntil(inSeconds(p, 120));
    expect(await p.row("web/www")).toMatchObject({ revision: 1, ready: { status: "True" } });
    const key = { namespace: "web", kind: "Certificate", name: "www" } as const;
    expect((await p.state.events(key, 10)).map(({ reason }) => reason)).toEqual(["TemporaryCertificateFailed"]);
  });

  it("is not made where the issuer signs at once", async () => {
    const p = await openPipeline();
    await privateCa(p);
    const writes: string[] = [];
    const { write } = p.stores.secretsManager;
    p.stores.secretsManager.write = (one) => {
      writes.push(one.name);
      return write(one);
    };
    await p.apply("web/www", leafSpec("www"), asks);
    await p.time.runUntil(inSeconds(p, 30));
    expect(writes).toEqual(["certwright/web/www-tls"]);
  });
});

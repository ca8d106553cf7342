import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { awsFault } from "../../../core/aws-fault.ts";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { inSeconds, leafSpec, privateCa, rootSpec } from "../../support/private-ca.ts";

const web = (kind: "Issuer" | "Certificate", name: string) => ({ namespace: "web", kind, name }) as const;

async function issued(p: Pipeline, secretName: string) {
  const secret = await p.secret("web", secretName);
  return { leaf: new X509Certificate(String(secret?.["tls.crt"])), secret };
}

const reads = [
  ...["attempts", "certificate", "certificates", "csrs", "chain", "chains"],
  ...["sealedKey", "sealedKeys", "secretClaim", "secretClaims"],
] as (keyof Pipeline["state"])[];

/** How often the pipeline asks State for what belongs to Certificates; the fake's own calls, not the test's. */
function countReads({ state }: Pipeline): Map<string, number> {
  const asked = new Map<string, number>();
  for (const name of reads) {
    const read = state[name] as (...input: unknown[]) => Promise<unknown>;
    Object.assign(state, {
      [name]: (...input: unknown[]) => {
        asked.set(name, (asked.get(name) ?? 0) + 1);
        return read(...input);
      },
    });
  }
  return asked;
}

describe("a private CA", () => {
  it("is ready and has signed a leaf seconds after all of it was put at once", async () => {
    const p = await openPipeline({ sweepSeconds: 0 });
    await p.apply("web/www", leafSpec("www"));
    await privateCa(p);
    expect(await p.ready("web/www")).toBe(true);
    const { leaf, secret } = await issued(p, "www-tls");
    const root = await issued(p, "root-ca");
    expect(leaf.verify(root.leaf.publicKey)).toBe(true);
    expect(secret?.["ca.crt"]).toBe(root.secret?.["tls.crt"]);
    expect(secret?.["tls.crt"]?.match(/BEGIN/g)).toHaveLength(1);
    expect(root.secret?.["ca.crt"]).toBe(root.secret?.["tls.crt"]);
  });

  it("goes Prepare, Sign, Write secret, Clean up: no order, no wait, one execution for a batch", async () => {
    const p = await openPipeline();
    await privateCa(p);
    const names = Array.from({ length: 20 }, (_, index) => `www-${index}`);
    for (const name of names)
      await p.requests.put({ key: web("Certificate", name), apiVersion: "cert-manager.io/v1", spec: leafSpec(name) });
    const before = p.executions.length;
    p.dispatch(...names.map((name) => `web/${name}`));
    await p.time.runUntil(inSeconds(p, 10));
    const ours = p.executions.slice(before);
    expect(ours.map(({ entered }) => entered)).toEqual([
      ["Prepare", "Signs at once?", "Sign", "Write secret", "Clean up challenge"],
    ]);
    for (const name of names) expect(await p.ready(`web/${name}`)).toBe(true);
  });

  it("says of its issuers what cert-manager says", async () => {
    const p = await openPipeline();
    await p.apply("web/Issuer/root", { ca: { secretName: "root-ca" } });
    await p.time.runUntil(inSeconds(p, 1));
    expect((await p.state.issuer(web("Issuer", "root")))?.ready).toMatchObject({
      status: "False",
      reason: "ErrGetKeyPair",
      message: expect.stringMatching(/^Error getting keypair for CA issuer: secret "root-ca" not found; /),
    });
    await privateCa(p);
    expect((await p.state.issuer(web("Issuer", "root")))?.ready).toMatchObject({
      status: "True",
      reason: "KeyPairVerified",
      message: "Signing CA verified",
    });
    expect((await p.state.issuer(web("Issuer", "selfsigned")))?.ready).toMatchObject({
      reason: "IsReady",
      message: "",
    });
  });

  it("asks State as often for a batch of 20 as for a batch of 5: each question once for all", async () => {
    const p = await openPipeline();
    await privateCa(p);
    const asked = countReads(p);
    const batchOf = async (size: number, prefix: string) => {
      const names = Array.from({ length: size }, (_, index) => `${prefix}-${index}`);
      for (const name of names)
        await p.requests.put({ key: web("Certificate", name), apiVersion: "cert-manager.io/v1", spec: leafSpec(name) });
      asked.clear();
      p.dispatch(...names.map((name) => `web/${name}`));
      await p.time.runUntil(inSeconds(p, 10));
      const counts = Object.fromEntries([...asked].sort());
      for (const name of names) expect((await p.row(`web/${name}`))?.ready.status).toBe("True");
      return counts;
    };
    const few = await batchOf(5, "few");
    expect(few).toMatchObject({ chains: 1, sealedKeys: 1, secretClaims: 2 });
    expect(await batchOf(20, "many")).toEqual(few);
  });

  it("takes no tokens but of its executions", async () => {
    const p = await openPipeline();
    const taken = new Set<string>();
    const { putBuckets } = p.state;
    p.state.putBuckets = (rows) => {
      for (const { key } of rows) taken.add(key);
      return putBuckets(rows);
    };
    await privateCa(p);
    await p.apply("web/www", leafSpec("www"));
    await p.time.runUntil(inSeconds(p, 10));
    expect([...taken].sort()).toEqual(["executions#web/Issuer/root", "executions#web/Issuer/selfsigned"]);
  });
});

describe("a signature that cannot be", () => {
  it("is refused where what came back is not the CA's", async () => {
    const p = await openPipeline();
    await privateCa(p);
    p.deps.signers = { ...p.deps.signers, ca: (order) => p.deps.signers.temporary(order) };
    await p.apply("web/www", leafSpec("www"));
    await p.time.runUntil(inSeconds(p, 10));
    expect((await p.row("web/www"))?.issuing).toMatchObject({
      status: "False",
      reason: "SigningError",
      message: expect.stringMatching(/^Error signing certificate: the CA in secret "root-ca" may not sign/),
    });
    expect(await p.secret("web", "www-tls")).toBeUndefined();
  });

  it("is the sign function's, when that is refused what it needs", async () => {
    const p = await openPipeline({
      hook: async (task, _input, run) => {
        if (task === "Sign") throw Object.assign(new Error("m"), { name: "RefusedError.SecretsManagerAccessDenied" });
        return run();
      },
    });
    await p.apply("web/Issuer/selfsigned", { selfSigned: {} });
    await p.apply("web/www", leafSpec("www", "selfsigned"));
    await p.time.runUntilTrue(async () => (await p.row("web/www"))?.failedIssuanceAttempts === 1, 600_000);
    expect((await p.row("web/www"))?.issuing?.message).toMatch(/^the function certwright-sign was refused /);
  });
});

describe("the pair of a CA that may not be read", () => {
  /** As the store in Secrets Manager says it. */
  const denied = () =>
    awsFault(Object.assign(new Error("User: role is not authorized"), { name: "AccessDeniedException" }), {
      ...{ service: "Secrets Manager", action: "secretsmanager:GetSecretValue", resource: "certwright/web/root-ca" },
      subject: "Secret",
    });
  const said = {
    status: "False",
    reason: "SecretAccessDenied",
    message: expect.stringMatching(
      /GetSecretValue on certwright\/web\/root-ca.*; Allow secretsmanager:GetSecretValue/s,
    ),
  };

  it("is said by its issuer, and tried again until the right is there", async () => {
    const p = await openPipeline();
    const { read } = p.stores.secretsManager;
    p.stores.secretsManager.read = async (name) => {
      if (name.endsWith("root-ca")) throw denied();
      return read(name);
    };
    await privateCa(p);
    expect((await p.state.issuer(web("Issuer", "root")))?.ready).toMatchObject(said);
    p.stores.secretsManager.read = read;
    await p.time.runUntil(inSeconds(p, 3_600));
    expect((await p.state.issuer(web("Issuer", "root")))?.ready.status).toBe("True");
  });

  it("is said by what it was to sign, whose attempt goes on when the right is there", async () => {
    const p = await openPipeline();
    await privateCa(p);
    const { read } = p.stores.secretsManager;
    p.stores.secretsManager.read = async (name) => {
      if (name.endsWith("root-ca")) throw denied();
      return read(name);
    };
    await p.apply("web/www", leafSpec("www"));
    await p.time.runUntil(inSeconds(p, 30));
    expect((await p.row("web/www"))?.issuing).toMatchObject(said);
    p.stores.secretsManager.read = read;
    await p.time.runUntilTrue(() => p.ready("web/www"), 3_600_000);
    expect((await p.state.attemptsOf(web("Certificate", "www"))).length).toBe(1);
  });
});

describe("a self-signed certificate without a name", () => {
  const events = (p: Pipeline) => p.state.events(web("Certificate", "www"), 10);

  it("warns that its issuer has no name, as cert-manager does", async () => {
    const p = await openPipeline();
    await privateCa(p);
    await p.apply("web/www", leafSpec("www", "selfsigned"));
    await p.time.runUntil(inSeconds(p, 10));
    expect(await events(p)).toContainEqual(
      expect.objectContaining({
        type: "Warning",
        reason: "BadConfig",
        message: expect.stringMatching(
          /^Certificate will be issued with an empty Issuer DN, which contravenes RFC 5280/,
        ),
      }),
    );
    await p.apply("web/www", leafSpec("www", "selfsigned", { commonName: "www.example.test" }));
    await p.time.runUntil(inSeconds(p, 10));
    expect((await p.row("web/www"))?.revision).toBe(2);
    expect((await events(p)).filter(({ reason }) => reason === "BadConfig")).toHaveLength(1);
  });
});

describe("a leaf", () => {
  it("ends with its CA, says so, is not issued again for it, and gets its whole life when the CA is renewed", async () => {
    const p = await openPipeline();
    await privateCa(p, { duration: "48h" });
    await p.apply("web/www", leafSpec("www", "root", { duration: "2160h" }));
    await p.time.runUntil(inSeconds(p, 60));
    const row = await p.row("web/www");
    const root = await p.row("web/root");
    expect(row?.issued?.notAfter).toBe(root?.issued?.notAfter);
    expect(row?.lifetimeShortened).toMatchObject({
      type: "LifetimeShortened",
      status: "True",
      reason: "CAEndsEarlier",
      message: expect.stringMatching(
        /^asked for until 2027-02-20T\S+, but its CA ends on 2026-11-24T\S+: renewed when the CA is$/,
      ),
    });
    await p.time.runUntil(inSeconds(p, 20 * 3_600));
    expect((await p.row("web/www"))?.revision).toBe(1);
    await p.apply("web/root", rootSpec({ duration: "8760h" }));
    await p.time.runUntil(inSeconds(p, 60));
    const after = await p.row("web/www");
    expect(after).toMatchObject({ revision: 2, ready: { status: "True" } });
    expect(after?.lifetimeShortened).toBeUndefined();
    expect((after?.issued?.notAfter ?? 0) - (after?.issued?.notBefore ?? 0)).toBe(2160 * 3_600_000);
  });
});

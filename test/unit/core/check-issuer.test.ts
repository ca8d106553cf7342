import { describe, expect, it } from "vitest";
import { checkIssuer } from "../../../core/check-issuer.ts";
import type { Deps } from "../../../core/deps.ts";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { certificateSpec } from "../../support/specs.ts";

const key = { namespace: "_cluster", kind: "ClusterIssuer", name: "ca" } as const;

function spec(email: string) {
  return {
    acme: {
      server: "https://memory.test/directory",
      email,
      privateKeySecretRef: { name: "ca-account" },
      solvers: [{ dns01: { route53: {} } }],
    },
  };
}

async function put(p: Pipeline, issuer: unknown): Promise<void> {
  await p.requests.put({ key, apiVersion: "cert-manager.io/v1", spec: issuer });
}

/** The same world, in which a check waits where it has read the request and asks the CA. */
function waitingFor({ deps }: Pipeline, ready: Promise<unknown>): Deps {
  const acmeRegistrar: Deps["acmeRegistrar"] = async (request) => {
    await ready;
    return deps.acmeRegistrar(request);
  };
  return { ...deps, acmeRegistrar };
}

describe("the check of an issuer", () => {
  it("that loses to one of an older spec begins anew, so that an edit is not lost", async () => {
    const p = await openPipeline();
    await put(p, spec("old@example.test"));
    const gate = Promise.withResolvers<void>();
    const older = checkIssuer(waitingFor(p, gate.promise), key);
    await new Promise(setImmediate);
    await put(p, spec("new@example.test"));
    const newer = checkIssuer(waitingFor(p, older), key);
    gate.resolve();
    expect(await newer).toMatchObject({ ready: true });
    expect(await p.state.issuer(key)).toMatchObject({ acme: { lastRegisteredEmail: "new@example.test" } });
  });

  it("tells the Certificates that wait when the reason is another one", async () => {
    const p = await openPipeline();
    await p.apply("web/www", certificateSpec("www"));
    await p.time.runUntil(new Date(p.time.now().getTime() + 1_000));
    expect((await p.row("web/www"))?.ready.reason).toBe("IssuerNotFound");
    await p.issuer("ca", { disableAccountKeyGeneration: true });
    await p.time.runUntil(new Date(p.time.now().getTime() + 1_000));
    const { reason, message } = (await p.row("web/www"))?.ready ?? {};
    expect({ reason, message }).toEqual({
      reason: "IssuerNotReady",
      message: expect.stringMatching(/^ClusterIssuer\/ca is not ready: AccountKeyMissing: /),
    });
  });

  it("keeps the account of an issuer that was deleted, for the time it comes back", async () => {
    const p = await openPipeline();
    await put(p, spec("ops@example.test"));
    await checkIssuer(p.deps, key);
    const account = (await p.state.issuer(key))?.acme;
    await p.requests.delete(key);
    expect(await checkIssuer(p.deps, key)).toEqual({ ready: false, reason: "Deleted", woken: 0 });
    expect(await p.state.issuer(key)).toMatchObject({ acme: account, deletedAt: expect.any(Number) });
    expect((await p.state.issuer(key))?.spec).toBeUndefined();
  });
});

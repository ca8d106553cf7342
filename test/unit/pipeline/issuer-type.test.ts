import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ResourceKey } from "../../../core/resource.ts";
import { type Hook, openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { inSeconds } from "../../support/private-ca.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

const key: ResourceKey = { namespace: "web", kind: "Certificate", name: "www" };
const toSelfSigned = (p: Pipeline) => p.apply("_cluster/ClusterIssuer/ca", { selfSigned: {} });

/** Changes the issuer once, before this task runs, and lets check-issuer see it. */
function changingBefore(task: string, change: (p: Pipeline) => Promise<void>) {
  const world: { p?: Pipeline; changed: boolean } = { changed: false };
  const hook: Hook = async (name, _, run) => {
    if (name === task && world.p && !world.changed) {
      world.changed = true;
      await change(world.p);
      await world.p.time.waitUntil(inSeconds(world.p, 2));
    }
    return run();
  };
  return { world, hook };
}

async function isSelfSigned(p: Pipeline): Promise<boolean> {
  const leaf = new X509Certificate((await p.secret("web", "www-tls"))?.["tls.crt"] ?? "");
  return leaf.verify(leaf.publicKey);
}

const outcomes = async (p: Pipeline) =>
  (await p.state.attemptsOf(key)).reverse().map(({ outcome, signs }) => [outcome?.result, signs ?? false]);
const bugs = (p: Pipeline) => p.logs.filter(({ errorClass, event }) => errorClass === "Bug" || event === "bug");

describe("an issuer that becomes one of another type under a running attempt", () => {
  it.each(["Prepare", "CreateOrder", "PublishChallenge", "CheckPropagation", "ValidateChallenge", "FinalizeOrder"])(
    "from acme to selfSigned, before %s: the attempt is superseded, and the new issuer signs at once",
    async (task) => {
      const { world, hook } = changingBefore(task, toSelfSigned);
      const p = await openPipeline({ hook });
      world.p = p;
      await p.issuer();
      await p.apply("web/www", spec("www"));
      await p.time.runUntil(inSeconds(p, 300));
      expect(world.changed).toBe(true);
      expect(await outcomes(p)).toEqual([
        ["superseded", false],
        ["issued", true],
      ]);
      expect(await p.row("web/www")).toMatchObject({ ready: { status: "True" }, revision: 1 });
      expect(await p.row("web/www")).not.toHaveProperty("failedIssuanceAttempts");
      expect(await isSelfSigned(p)).toBe(true);
      expect(bugs(p)).toEqual([]);
    },
  );

  it("from acme to selfSigned, before Write secret: what the CA made is written, and stays", async () => {
    const { world, hook } = changingBefore("WriteSecret", toSelfSigned);
    const p = await openPipeline({ hook });
    world.p = p;
    await p.issuer();
    await p.apply("web/www", spec("www"));
    await p.time.runUntil(inSeconds(p, 300));
    expect(await outcomes(p)).toEqual([["issued", false]]);
    expect((await p.row("web/www"))?.ready.status).toBe("True");
  });

  it.each(["Prepare", "Sign"])("from selfSigned to acme, before %s: it is ordered instead", async (task) => {
    const { world, hook } = changingBefore(task, (p) => p.issuer());
    const p = await openPipeline({ hook });
    world.p = p;
    await toSelfSigned(p);
    await p.apply("web/www", spec("www"));
    await p.time.runUntil(inSeconds(p, 300));
    expect(await outcomes(p)).toEqual([
      ["superseded", true],
      ["issued", false],
    ]);
    expect(await isSelfSigned(p)).toBe(false);
    expect(bugs(p)).toEqual([]);
  });

  it("while the attempt waits for its instant: the next one begins anew", async () => {
    const p = await openPipeline();
    await p.issuer();
    await p.time.runUntil(inSeconds(p, 10));
    p.ca.knobs.limitedUntil = inSeconds(p, 1_800);
    await p.apply("web/www", spec("www"));
    await p.time.runUntil(inSeconds(p, 60));
    expect((await p.row("web/www"))?.attempt?.leaseId).toBeUndefined();
    await toSelfSigned(p);
    await p.time.runUntil(inSeconds(p, 7_200));
    expect(await outcomes(p)).toEqual([
      ["superseded", false],
      ["issued", true],
    ]);
    expect(bugs(p)).toEqual([]);
    expect(p.executions.map(({ entered }) => entered.includes("Sign"))).toEqual([false, true]);
  });
});

import { describe, expect, it } from "vitest";
import { RefusedError } from "../../../core/errors.ts";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

const seconds = async (p: Pipeline, count: number) => p.time.runUntil(new Date(p.time.now().getTime() + count * 1_000));

async function withIssuer() {
  const published: string[] = [];
  const p = await openPipeline({
    hook: async (task, _, run) => {
      const result = await run();
      if (task === "PublishChallenge") published.push(...p.dns.names());
      return result;
    },
  });
  await p.issuer();
  await seconds(p, 5);
  return { p, published };
}

describe("an attempt that was released leaves no TXT", () => {
  it("when the CA has seen enough; what resumes publishes none and orders nothing", async () => {
    const { p, published } = await withIssuer();
    const { write } = p.stores.secretsManager;
    p.stores.secretsManager.write = () =>
      Promise.reject(new RefusedError({ reason: "SecretAccessDenied", message: "no" }));
    await p.apply("web/www", spec("www"));
    await seconds(p, 30);
    expect((await p.row("web/www"))?.ready.reason).toBe("SecretAccessDenied");
    expect(p.dns.names()).toEqual([]);
    published.length = 0;
    p.stores.secretsManager.write = write;
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(published).toEqual([]);
    expect(p.ca.calls.newOrder).toBe(1);
  });

  it("when only some of its names have a zone", async () => {
    const { p, published } = await withIssuer();
    await p.apply("web/www", spec("www", { dnsNames: ["www.example.test", "www.nowhere.test"] }));
    await seconds(p, 30);
    expect((await p.row("web/www"))?.ready).toMatchObject({ status: "False", reason: "HostedZoneNotFound" });
    expect(published).toEqual(["_acme-challenge.www.example.test"]);
    expect(p.dns.names()).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
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
    await p.apply("web/first", spec("first", { secretName: "shared" }));
    await p.time.runUntilTrue(() => p.ready("web/first"));
    await p.apply("web/second", spec("second", { secretName: "shared" }));
    await seconds(p, 30);
    expect((await p.row("web/second"))?.ready.reason).toBe("SecretOwnedByAnother");
    expect(p.dns.names()).toEqual([]);
    published.length = 0;
    await p.delete("web/first");
    await p.time.runUntilTrue(() => p.ready("web/second"));
    expect(published).toEqual([]);
    expect(p.ca.calls.newOrder).toBe(2);
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

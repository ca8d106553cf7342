import { describe, expect, it } from "vitest";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

const seconds = (p: Pipeline, count: number) => p.time.runUntil(new Date(p.time.now().getTime() + count * 1_000));
const reasonOf = async (p: Pipeline, id: string) => (await p.row(id))?.ready.reason;

async function withIssuer(): Promise<Pipeline> {
  const p = await openPipeline();
  await p.issuer();
  await seconds(p, 5);
  return p;
}

describe("the claim on a secret's name ends", () => {
  it("with a Certificate that was never issued", async () => {
    const p = await withIssuer();
    await p.apply("web/first", spec("first", { secretName: "shared", dnsNames: ["www.nowhere.test"] }));
    await seconds(p, 30);
    expect(await reasonOf(p, "web/first")).toBe("HostedZoneNotFound");
    await p.delete("web/first");
    await seconds(p, 30);
    await p.apply("web/second", spec("second", { secretName: "shared" }));
    await p.time.runUntilTrue(() => p.ready("web/second"), 60_000);
  });

  it("with one whose certificate is in another secret now", async () => {
    const p = await withIssuer();
    await p.apply("web/first", spec("first", { secretName: "shared" }));
    await p.time.runUntilTrue(() => p.ready("web/first"));
    await p.apply("web/first", spec("first", { secretName: "own" }));
    await p.time.runUntilTrue(async () => (await p.row("web/first"))?.revision === 2);
    await p.apply("web/second", spec("second", { secretName: "shared" }));
    await p.time.runUntilTrue(() => p.ready("web/second"), 60_000);
    expect(await p.ready("web/first")).toBe(true);
  });
});

describe("the claim on a secret's name stands", () => {
  it("while its Certificate asks for it, issued or not", async () => {
    const p = await withIssuer();
    await p.apply("web/first", spec("first", { secretName: "shared", dnsNames: ["www.nowhere.test"] }));
    await seconds(p, 30);
    await p.apply("web/second", spec("second", { secretName: "shared" }));
    await seconds(p, 30);
    expect(await reasonOf(p, "web/second")).toBe("SecretOwnedByAnother");
  });

  it("while an edit to another name has no certificate yet, or is not valid", async () => {
    const p = await withIssuer();
    await p.apply("web/first", spec("first", { secretName: "shared" }));
    await p.time.runUntilTrue(() => p.ready("web/first"));
    await p.apply("web/first", spec("first", { secretName: "own", dnsNames: ["www.nowhere.test"] }));
    await seconds(p, 30);
    await p.apply("web/second", spec("second", { secretName: "shared" }));
    await seconds(p, 30);
    expect(await reasonOf(p, "web/second")).toBe("SecretOwnedByAnother");
    await p.apply("web/first", spec("first", { secretName: "" }));
    await seconds(p, 7 * 3_600);
    expect(await reasonOf(p, "web/first")).toBe("InvalidSpec");
    expect(await reasonOf(p, "web/second")).toBe("SecretOwnedByAnother");
  });
});

import { expect, it } from "vitest";
import { CaProblem } from "../../support/acme-ca-state.ts";
import { openPipeline } from "../../support/pipeline.ts";
import { certificateSpec } from "../../support/specs.ts";

const issuer = { namespace: "_cluster", kind: "ClusterIssuer", name: "ca" } as const;

it("an account that is closed while an order is under way shows at the issuer at once, and no other is made", async () => {
  const p = await openPipeline();
  const pass = (seconds: number) => p.time.runUntil(new Date(p.time.now().getTime() + seconds * 1_000));
  await p.issuer();
  await pass(5);
  expect((await p.state.issuer(issuer))?.ready.status).toBe("True");
  p.ca.readOrder = async () => {
    for (const account of p.ca.accounts.values()) account.status = "deactivated";
    throw new CaProblem(403, "unauthorized", "Account has been deactivated");
  };
  await p.apply("web/www", certificateSpec("www"));
  await pass(30);
  const told = { status: "False", reason: "Unauthorized", message: expect.stringContaining("has been deactivated") };
  expect((await p.row("web/www"))?.issuing).toMatchObject(told);
  expect((await p.state.issuer(issuer))?.ready).toMatchObject({
    status: "False",
    message: expect.stringContaining("is deactivated"),
  });
  await pass(24 * 3_600);
  expect((await p.row("web/www"))?.ready.reason).toBe("IssuerNotReady");
  expect(p.ca.accounts.size).toBe(1);
});

import { expect, it } from "vitest";
import { openPipeline } from "../../support/pipeline.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

it("an order without challenges, because the CA called valid what is not, is asked for them again", async () => {
  let wrong = 1;
  const p = await openPipeline({
    around: async ({ name, deps }, run) => {
      if (name !== "CreateOrder" || wrong === 0) return run(deps);
      wrong -= 1;
      return run({ ...deps, acme: async (issuer) => ({ ...(await deps.acme(issuer)), challenges: async () => [] }) });
    },
  });
  // The adapter says so by itself: it reads the order that the CA does not finalize yet.
  const { finalize } = p.ca;
  p.ca.finalize = async (account, id, csr) => {
    const order = p.ca.orders.get(id);
    return order?.status === "pending" ? order : finalize(account, id, csr);
  };
  await p.issuer();
  await p.apply("web/www", spec("www"));
  await p.time.runUntil(new Date(p.time.now().getTime() + 30_000));
  expect((await p.row("web/www"))?.issuing).toMatchObject({ status: "False", reason: "OrderNotReady" });
  await p.time.runUntilTrue(() => p.ready("web/www"), 5 * 60_000);
  await p.time.runUntil(new Date(p.time.now().getTime() + 60_000));
  expect(p.ca.calls.newOrder).toBe(1);
  expect(p.dns.names()).toEqual([]);
});

import { describe, expect, it } from "vitest";
import type { Deps } from "../../../core/deps.ts";
import { openPipeline } from "../../support/pipeline.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

/** The function's deps, and what rejects when it has learnt of an order: what it learnt stays with the dead function. */
function dyingWithOrder(deps: Deps): { deps: Deps; death: Promise<never> } {
  const { promise: death, reject } = Promise.withResolvers<never>();
  const die = () => {
    reject(Object.assign(new Error("signal: killed"), { name: "Runtime.ExitError" }));
    return new Promise<never>(() => undefined);
  };
  const acme: Deps["acme"] = async (issuer) => {
    const opened = await deps.acme(issuer);
    return {
      ...opened,
      createOrder: async (request) => {
        await opened.createOrder(request);
        return die();
      },
      lostOrder: async (request) => ((await opened.lostOrder(request)) ? die() : undefined),
    };
  };
  return { deps: { ...deps, acme }, death };
}

describe("Create order that dies before it has written the order's URL", () => {
  it.each([1, 2])("%i times leaves one order at the CA", async (deaths) => {
    let left = deaths;
    const p = await openPipeline({
      around: async ({ name, deps }, run) => {
        if (name !== "CreateOrder" || left === 0) return run(deps);
        left -= 1;
        const dying = dyingWithOrder(deps);
        return Promise.race([run(dying.deps), dying.death]);
      },
    });
    await p.issuer();
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(p.ca.orders.size).toBe(1);
    expect(p.dns.names()).toEqual([]);
  });
});

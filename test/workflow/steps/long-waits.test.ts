import { describe, expect, it } from "vitest";
import type { Order } from "../../../core/acme-port.ts";
import { type Hook, openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

const seconds = (p: Pipeline, count: number) => p.time.runUntil(new Date(p.time.now().getTime() + count * 1_000));

interface Slow {
  /** Seconds that each phase takes, counted from its first question. */
  propagation?: number;
  validation?: number;
  certificate?: number;
  /** Seconds that each Lambda takes. */
  lambda?: number;
}

/** A world that takes its time. */
async function openSlow(slow: Slow): Promise<Pipeline> {
  let p: Pipeline | undefined;
  const hook: Hook = async (_task, _input, run) => {
    if (p && slow.lambda) await p.time.waitUntil(new Date(p.time.now().getTime() + slow.lambda * 1_000));
    return run();
  };
  p = await openPipeline({ hook });
  const { deps, dns, time } = p;
  const begun = new Map<string, number>();
  const over = (phase: string, lasts = 0) => {
    const from = begun.get(phase) ?? time.now().getTime();
    begun.set(phase, from);
    return time.now().getTime() - from >= lasts * 1_000;
  };
  dns.settled = async (changes) => new Map(changes.map((change) => [change, over("propagation", slow.propagation)]));
  const acme = deps.acme;
  deps.acme = async (issuer) => {
    const real = await acme(issuer);
    const slowed = (order: Order): Order => {
      if (order.status === "ready" && !over("validation", slow.validation)) return { ...order, status: "pending" };
      if (order.status === "valid" && !over("certificate", slow.certificate)) return { ...order, status: "processing" };
      return order;
    };
    const readOrder = async (url: string) => {
      const order = await real.readOrder(url);
      return order && slowed(order);
    };
    return { ...real, readOrder, finalize: async (order, csr) => slowed(await real.finalize(order, csr)) };
  };
  await p.issuer();
  await seconds(p, 5);
  return p;
}

describe("a batch of one", () => {
  it.each<[string, Slow]>([
    ["four minutes for the DNS", { propagation: 240 }],
    ["half an hour for its certificate", { certificate: 1_800 }],
  ])("waits %s under one lease, in one execution, with one order", async (_what, slow) => {
    const p = await openSlow(slow);
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(p.executions).toHaveLength(1);
    expect(p.ca.calls.newOrder).toBe(1);
  });

  it("never loses its lease by waiting: a Wait that would cross its end makes it longer", async () => {
    const p = await openSlow({ propagation: 290, validation: 290, certificate: 290, lambda: 10 });
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(p.executions).toHaveLength(1);
  });
});

describe("a batch of more than one", () => {
  it("lets the slow one go after its rounds, and the others are Ready at once", async () => {
    const p = await openPipeline();
    const names = ["a", "b", "slow"];
    for (const name of names) await p.apply(`web/${name}`, spec(name));
    await seconds(p, 5);
    const publish = p.dns.publish;
    p.dns.publish = async (records) =>
      (await publish(records)).map((result) =>
        result.record.name.includes("slow") ? { record: result.record, change: "slow" } : result,
      );
    const settled = p.dns.settled;
    const ready = p.time.now().getTime() + 600_000;
    p.dns.settled = async (changes) =>
      new Map(
        [...(await settled(changes))].map(([id, done]) => [id, id === "slow" ? p.time.now().getTime() >= ready : done]),
      );
    await p.issuer();
    await seconds(p, 90);
    expect([await p.ready("web/a"), await p.ready("web/b"), await p.ready("web/slow")]).toEqual([true, true, false]);
    const looks = p.executions[0]?.entered.filter((state) => state === "Check propagation");
    expect(looks).toHaveLength(5);
    // Who resumes finds its record where it was.
    expect(p.dns.names()).toEqual(["_acme-challenge.slow.example.test"]);
    await p.time.runUntilTrue(() => p.ready("web/slow"));
    expect(p.ca.calls.newOrder).toBe(3);
    expect(p.dns.names()).toEqual([]);
  });
});

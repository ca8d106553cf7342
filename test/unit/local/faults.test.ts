import { describe, expect, it } from "vitest";
import type { Call } from "../../../local/calls.ts";
import { createRecorder } from "../../../local/calls.ts";
import { exchange } from "../../../local/exchange.ts";
import type { FaultRule } from "../../../local/faults.ts";
import { createFaults } from "../../../local/faults.ts";
import type { Reply, Request } from "../../../local/proxy.ts";

const request: Request = {
  method: "POST",
  path: "/order-plz",
  headers: {},
  body: Buffer.from('{"names":["a.example.test"]}'),
  abandoned: () => false,
};
const fine: Reply = { status: 200, headers: {}, body: Buffer.from("fine") };

function newExchange() {
  const recorder = createRecorder();
  const faults = createFaults();
  const sent: Call[] = [];
  const ask = (more: Partial<Call> = {}, from: Request = request) =>
    exchange(
      from,
      { at: Date.now(), service: "acme", action: "newOrder", function: "create-order", ...more },
      { recorder, faults },
      {
        says: () => `${from.path} ${from.body.toString()}`,
        send: async (call) => {
          sent.push(call);
          return fine;
        },
        refuse: async (_, { status, code }) => ({ status, headers: { "x-kept": "yes" }, body: Buffer.from(code) }),
        read: (call, reply) => {
          if (reply.status >= 400) call.error = reply.body.toString();
        },
      },
    );
  return { recorder, faults, sent, ask };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("a fault", () => {
  it("leaves calls alone that do not match", async () => {
    const { faults, ask } = newExchange();
    faults.add({ match: { action: "finalize" }, kind: "dropRequest" });
    expect(await ask()).toBe(fine);
  });

  it("refuses with the answer asked for, without asking the server", async () => {
    const { faults, sent, recorder, ask } = newExchange();
    faults.add({
      match: {},
      kind: "refuse",
      answer: { status: 429, code: "rateLimited", headers: { "retry-after": "7" } },
    });
    expect(await ask()).toMatchObject({ status: 429, headers: { "x-kept": "yes", "retry-after": "7" } });
    expect(sent).toEqual([]);
    expect(recorder.list()).toMatchObject([{ status: 429, error: "rateLimited", fault: "refuse" }]);
  });

  it("drops a request before the server sees it", async () => {
    const { faults, sent, recorder, ask } = newExchange();
    faults.add({ match: {}, kind: "dropRequest" });
    expect(await ask()).toBeUndefined();
    expect(sent).toEqual([]);
    expect(recorder.list()[0]).not.toHaveProperty("status");
  });

  it("drops a reply after the server did its work", async () => {
    const { faults, sent, recorder, ask } = newExchange();
    faults.add({ match: {}, kind: "dropReply" });
    expect(await ask()).toBeUndefined();
    expect(sent).toHaveLength(1);
    expect(recorder.list()[0]).not.toHaveProperty("status");
  });

  it("delays a request", async () => {
    const { faults, ask } = newExchange();
    faults.add({ match: {}, kind: "delay", delayMs: 30 });
    const from = performance.now();
    await ask();
    expect(performance.now() - from).toBeGreaterThanOrEqual(29);
  });

  it("meets as many calls as `times` says, after `skip`", async () => {
    const { faults, ask } = newExchange();
    const id = faults.add({ match: {}, kind: "dropRequest", skip: 1, times: 2 });
    const answers = [await ask(), await ask(), await ask(), await ask()];
    expect(answers.map(Boolean)).toEqual([true, false, false, true]);
    expect(faults.list()).toMatchObject([{ id, met: 2, held: 0 }]);
  });

  it("cuts an answer in the middle, after the server did its work", async () => {
    const { faults, sent, recorder, ask } = newExchange();
    faults.add({ match: {}, kind: "truncate" });
    expect(await ask()).toEqual({ ...fine, body: Buffer.from("fi") });
    expect(sent).toHaveLength(1);
    expect(recorder.list()).toMatchObject([{ status: 200, fault: "truncate" }]);
  });

  it.each<[string, FaultRule["hold"], number, number]>([
    ["before the server sees the call", undefined, 0, 503],
    ["after the server did its work", "reply", 1, 200],
  ])("tells the Lambda to die %s", async (_, hold, calls, status) => {
    const { faults, sent, ask } = newExchange();
    faults.add({ match: {}, kind: "kill", ...(hold ? { hold } : {}) });
    expect(await ask()).toMatchObject({ status, headers: { "x-certwright-test": "die" } });
    expect(sent).toHaveLength(calls);
    expect(await ask()).toBe(fine);
  });

  it("meets a share of the calls, the same ones with the same seed", async () => {
    const drawn = async (rule: Partial<FaultRule>) => {
      const { faults, ask } = newExchange();
      faults.add({ match: {}, kind: "dropRequest", percent: 30, ...rule });
      const answers: boolean[] = [];
      for (let call = 0; call < 200; call += 1) answers.push((await ask()) === undefined);
      return answers;
    };
    const first = await drawn({});
    expect(first.filter(Boolean).length).toBeGreaterThan(40);
    expect(first.filter(Boolean).length).toBeLessThan(80);
    expect(await drawn({})).toEqual(first);
    expect(await drawn({ seed: 2 })).not.toEqual(first);
    expect((await drawn({ times: 3 })).filter(Boolean)).toHaveLength(3);
    expect(await drawn({ percent: 0 })).not.toContain(true);
    expect(await drawn({ percent: 100 })).not.toContain(false);
  });

  it("is over when it is removed", async () => {
    const { faults, ask } = newExchange();
    faults.remove(faults.add({ match: {}, kind: "dropRequest", times: -1 }));
    expect(await ask()).toBe(fine);
  });
});

describe("a pause", () => {
  it.each<[string, FaultRule["hold"], number]>([
    ["holds a request before the server sees it", "request", 0],
    ["holds a reply after the server did its work", "reply", 1],
  ])("%s", async (_, hold, sentWhileHeld) => {
    const { faults, sent, ask } = newExchange();
    const id = faults.add({ match: {}, kind: "pause", times: -1, ...(hold ? { hold } : {}) });
    const answer = ask();
    await turn();
    expect(faults.list()).toMatchObject([{ held: 1 }]);
    expect(sent).toHaveLength(sentWhileHeld);
    faults.release(id);
    expect(await answer).toBe(fine);
    expect(sent).toHaveLength(1);
  });

  it("lets as many go as it is told, the oldest first", async () => {
    const { faults, sent, ask } = newExchange();
    const id = faults.add({ match: {}, kind: "pause", times: -1 });
    const answers = [ask(), ask(), ask()];
    await turn();
    faults.release(id, 2);
    await Promise.all(answers.slice(0, 2));
    expect(sent.map((call) => call.id)).toEqual([1, 2]);
    expect(faults.list()).toMatchObject([{ held: 1 }]);
    faults.clear();
    expect(await answers[2]).toBe(fine);
  });

  it("drops a call whose caller hung up meanwhile", async () => {
    const { faults, sent, ask } = newExchange();
    const id = faults.add({ match: {}, kind: "pause" });
    const answer = ask({}, { ...request, abandoned: () => true });
    await turn();
    faults.release(id);
    expect(await answer).toBeUndefined();
    expect(sent).toEqual([]);
  });
});

describe("a filter", () => {
  it.each([
    ["service and action", { service: "acme", action: "newOrder" }, true],
    ["one of several actions", { action: ["order", "newOrder"] }, true],
    ["another action", { action: "order" }, false],
    ["the function", { function: "create-order" }, true],
    ["another function", { function: "prepare" }, false],
    ["no function", { function: "none" }, false],
    ["a part of the body", { contains: "a.example.test" }, true],
    ["a part of the path", { contains: "/order-plz" }, true],
    ["several parts", { contains: ["order", "a.example.test"] }, true],
    ["several parts of which one is not there", { contains: ["order", "b.example.test"] }, false],
    ["a part that is not there", { contains: "b.example.test" }, false],
  ])("matches %s", async (_, match, isMet) => {
    const { faults, ask } = newExchange();
    faults.add({ match, kind: "dropRequest" });
    expect((await ask()) === undefined).toBe(isMet);
  });
});

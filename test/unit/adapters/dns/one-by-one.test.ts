import { describe, expect, it } from "vitest";
import { askJson, type Vendor } from "../../../../adapters/dns/json-api.ts";
import { oneByOne } from "../../../../adapters/dns/one-by-one.ts";
import { RateLimitedError, UnavailableError } from "../../../../core/errors.ts";

describe("oneByOne", () => {
  const provider = (zones: string[], add: () => Promise<boolean> = async () => true) => {
    const calls: string[] = [];
    const dns = oneByOne({
      clock: { now: () => new Date(0) },
      zones: async () => zones.map((name) => ({ name })),
      add: async (zone, { name }) => {
        calls.push(`${zone.name} ${name}`);
        return add();
      },
      remove: async () => false,
      noZone: () => new Error("no zone"),
      settlingMs: 1_000,
    });
    return { dns, calls };
  };
  const at = (name: string) => [{ name: `_acme-challenge.${name}`, value: "v" }];

  it.each([
    ["a zone in Unicode, which it hands on in ASCII", ["bücher.test"], "www.xn--bcher-kva.test", "xn--bcher-kva.test"],
    ["the longest zone", ["test", "a.b.test", "b.test"], "a.b.test", "a.b.test"],
    ["a zone by whole labels only", ["ample.test", "test"], "example.test", "test"],
  ])("finds %s", async (_, zones, name, expected) => {
    const { dns, calls } = provider(zones);
    await dns.publish(at(name));
    expect(calls).toEqual([`${expected} _acme-challenge.${name}`]);
  });

  it("has at most five calls under way", async () => {
    let [running, most] = [0, 0];
    const { dns } = provider(["test"], async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((done) => setImmediate(done));
      running -= 1;
      return true;
    });
    await dns.publish(Array.from({ length: 20 }, (_, index) => at(`h${index}.test`)).flat());
    expect(most).toBe(5);
  });

  it("asks for no zones when there is nothing to do", async () => {
    const dns = oneByOne({
      ...({} as Parameters<typeof oneByOne>[0]),
      zones: () => Promise.reject(new Error("asked")),
    });
    expect(await dns.publish([])).toEqual([]);
  });
});

describe("askJson", () => {
  const vendor: Vendor = {
    name: "Anybody",
    refused: { reason: "R", fix: "f" },
    unavailable: { reason: "U" },
    limited: { reason: "L" },
  };
  const ask = (answer: () => Promise<Response>) =>
    askJson(
      vendor,
      { fetch: answer, clock: { now: () => new Date(0) } },
      {
        method: "GET",
        url: "https://api.test/path?secret=1",
        headers: {},
      },
    );
  const tooMany = (retryAfter: string) => async () =>
    new Response("", { status: 429, headers: { "retry-after": retryAfter } });

  it.each([
    ["60", 60_000],
    ["86400", 3_600_000],
    ["0", 0],
  ])("waits %s s as told, at most an hour", async (retryAfter, ms) => {
    const error = await ask(tooMany(retryAfter)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RateLimitedError);
    expect(error).toMatchObject({ reason: "L", retryAt: new Date(ms) });
  });

  it.each(["soon", "-5", "Wed, 21 Oct 2026 07:28:00 GMT"])(
    "does not understand %s, and comes back",
    async (retryAfter) => {
      await expect(ask(tooMany(retryAfter))).rejects.toBeInstanceOf(UnavailableError);
    },
  );

  it("names the call without its query", async () => {
    await expect(ask(async () => new Response("", { status: 503 }))).rejects.toThrow(
      "Anybody answered 503 to GET /path",
    );
  });

  it("takes what is no JSON for an answer without a body", async () => {
    expect(await ask(async () => new Response("<html>", { status: 404 }))).toEqual({
      ok: false,
      status: 404,
      body: undefined,
    });
  });

  it("comes back when the answer breaks off", async () => {
    const broken = new ReadableStream({ start: (stream) => stream.error(new Error("cut")) });
    await expect(ask(async () => new Response(broken))).rejects.toMatchObject({
      name: "UnavailableError",
      reason: "U",
    });
  });
});

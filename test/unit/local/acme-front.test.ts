import { describe, expect, it } from "vitest";
import { createAcmeFront, newOrdersAtOnce } from "../../../local/acme-front.ts";
import { createRecorder } from "../../../local/calls.ts";
import { createFaults } from "../../../local/faults.ts";
import type { Reply, Request } from "../../../local/proxy.ts";
import { UpstreamTimeout } from "../../../local/proxy.ts";

const jws = (payload: object) =>
  Buffer.from(JSON.stringify({ protected: "", payload: Buffer.from(JSON.stringify(payload)).toString("base64url") }));

function post(path: string, payload: object = {}): Request {
  const headers = { host: "127.0.0.1:1", "user-agent": "certwright certwright-create-order/1" };
  return { method: "POST", path, headers, body: jws(payload), abandoned: () => false };
}

function newFront(forward: (request: Request) => Promise<Reply>) {
  const recorder = createRecorder();
  const faults = createFaults();
  const hangs: string[] = [];
  const answer = createAcmeFront({ recorder, faults, forward, onHang: () => hangs.push("hangs") });
  return { recorder, faults, hangs, answer };
}

const json = (value: object, more: Partial<Reply> = {}): Reply => ({
  status: 200,
  headers: { "content-type": "application/json; charset=utf-8" },
  body: Buffer.from(JSON.stringify(value)),
  ...more,
});

describe("the proxy before Pebble", () => {
  it.each([
    ["/dir", "directory"],
    ["/nonce-plz", "newNonce"],
    ["/sign-me-up", "newAccount"],
    ["/my-account/1", "account"],
    ["/order-plz", "newOrder"],
    ["/my-order/1", "order"],
    ["/finalize-order/1", "finalize"],
    ["/authZ/1", "authorization"],
    ["/chalZ/1", "challenge"],
    ["/certZ/1", "certificate"],
    ["/list-orderz/1", "orders"],
    ["/draft-ietf-acme-ari-03/renewalInfo/x.y", "renewalInfo"],
  ])("calls %s %s", async (path, action) => {
    const { recorder, answer } = newFront(async () => json({ status: "pending" }));
    await answer(post(path));
    expect(recorder.list()).toMatchObject([
      { service: "acme", action, function: "create-order", status: 200, objectStatus: "pending" },
    ]);
  });

  it("keeps what an order names, and the payload of nothing else", async () => {
    const { recorder, answer } = newFront(async () => json({}));
    await answer(post("/order-plz", { identifiers: [{ type: "dns", value: "a.test" }], profile: "default" }));
    await answer(post("/sign-me-up", { externalAccountBinding: "hush" }));
    const [order, account] = recorder.list();
    expect(order?.parameters).toMatchObject({ identifiers: [{ value: "a.test" }], profile: "default" });
    expect(account?.parameters).toEqual({ method: "POST", path: "/sign-me-up" });
  });

  it("notes a badNonce by its name", async () => {
    const headers = { "content-type": "application/problem+json" };
    const problem = { type: "urn:ietf:params:acme:error:badNonce" };
    const { recorder, answer } = newFront(async () => json(problem, { status: 400, headers }));
    await answer(post("/my-order/1"));
    expect(recorder.list()).toMatchObject([{ status: 400, error: "badNonce" }]);
  });

  it("refuses with a problem document and a nonce that the CA will take", async () => {
    const { recorder, faults, answer } = newFront(async ({ method, path }) =>
      json({}, { headers: { "replay-nonce": `${method} ${path}` } }),
    );
    faults.add({ match: { action: "newOrder" }, kind: "refuse", answer: { status: 429, code: "rateLimited" } });
    const reply = await answer(post("/order-plz"));
    expect(reply).toMatchObject({ status: 429, headers: { "replay-nonce": "HEAD /nonce-plz" } });
    expect(JSON.parse(reply?.body.toString() ?? "")).toMatchObject({ type: "urn:ietf:params:acme:error:rateLimited" });
    expect(recorder.list()).toMatchObject([{ action: "newOrder", error: "rateLimited" }]);
  });

  it("knows whose request it is by the account that signed it", async () => {
    const { faults, answer } = newFront(async () => json({}));
    const signedBy = (account: string) => {
      const header = Buffer.from(JSON.stringify({ kid: `https://127.0.0.1:1/my-account/${account}` }));
      return { protected: header.toString("base64url"), payload: "" };
    };
    faults.add({ match: { action: "finalize", contains: "/my-account/a1" }, kind: "dropRequest" });
    const finalize = (account: string) =>
      answer({ ...post("/finalize-order/1"), body: Buffer.from(JSON.stringify(signedBy(account))) });
    expect(await finalize("b2")).toMatchObject({ status: 200 });
    expect(await finalize("a1")).toBeUndefined();
  });

  it("knows the names behind the URLs that the CA gave", async () => {
    const url = (path: string) => `https://127.0.0.1:1${path}`;
    const order = {
      identifiers: [{ type: "dns", value: "a.test" }],
      finalize: url("/finalize-order/1"),
      authorizations: [url("/authZ/1")],
    };
    const replies: Record<string, Reply> = {
      "/order-plz": json(order, {
        headers: { "content-type": "application/json", location: url("/my-order/1") },
      }),
      "/my-order/1": json({ ...order, certificate: url("/certZ/1") }),
      "/authZ/1": json({ identifier: { type: "dns", value: "a.test" }, challenges: [{ url: url("/chalZ/1") }] }),
    };
    const { faults, answer } = newFront(async ({ path }) => replies[path] ?? json({}));
    for (const path of Object.keys(replies)) await answer(post(path));
    faults.add({ match: { contains: "a.test" }, kind: "dropRequest", times: -1 });
    const paths = ["/my-order/1", "/finalize-order/1", "/authZ/1", "/chalZ/1", "/certZ/1", "/my-order/2"];
    const answers = await Promise.all(paths.map((path) => answer(post(path))));
    expect(answers.map((reply) => reply?.status)).toEqual([...Array(5).fill(undefined), 200]);
  });

  it("lets few newOrder requests through at a time, in their order, and all others at once", async () => {
    const open: { path: string; finish: () => void }[] = [];
    const { answer } = newFront(
      ({ path }) => new Promise((resolve) => open.push({ path, finish: () => resolve(json({})) })),
    );
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const orders = Array.from({ length: 12 }, (_, index) => answer(post(`/order-plz?${index}`)));
    const polls = Array.from({ length: 12 }, () => answer(post("/my-order/1")));
    await turn();
    expect(open.filter(({ path }) => path.startsWith("/order-plz"))).toHaveLength(newOrdersAtOnce);
    expect(open.filter(({ path }) => path.startsWith("/my-order"))).toHaveLength(12);
    for (let next = 0; next < open.length; next += 1) {
      open[next]?.finish();
      await turn();
    }
    await Promise.all([...orders, ...polls]);
    const order = open.map(({ path }) => path).filter((path) => path.startsWith("/order-plz"));
    expect(order).toEqual(Array.from({ length: 12 }, (_, index) => `/order-plz?${index}`));
    expect(answer.newOrders()).toEqual({ inFlight: 0, most: newOrdersAtOnce });
  });

  it("says once that Pebble hangs, and answers 504", async () => {
    const { hangs, answer } = newFront(() => Promise.reject(new UpstreamTimeout(20_000)));
    expect(await answer(post("/order-plz"))).toMatchObject({ status: 504 });
    expect(await answer(post("/my-order/1"))).toMatchObject({ status: 504 });
    expect(hangs).toHaveLength(1);
    expect(answer.newOrders().inFlight).toBe(0);
  });
});

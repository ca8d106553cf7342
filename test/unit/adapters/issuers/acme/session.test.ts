import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeCsr } from "../../../../../adapters/keys/csr.ts";
import { makePrivateKey } from "../../../../../adapters/keys/private-key.ts";
import type { DnsChallenge } from "../../../../../core/challenge.ts";
import type { FakeBed } from "../../../../support/acme-bed.ts";
import { newKeyPem, startFakeBed } from "../../../../support/acme-bed.ts";

let bed: FakeBed;
beforeEach(async () => {
  bed = await startFakeBed();
});
afterEach(() => bed.fake.close());

const names = ["www.example.com"];

describe("one name, each step with a new issuer that gets what State keeps", () => {
  it("costs 8 requests when directory and account are known", async () => {
    const directory = await bed.issuer().directory();
    bed.fake.requests.length = 0;
    let nonce: string | undefined;
    const step = async <T>(run: (issuer: ReturnType<FakeBed["issuer"]>) => Promise<T>): Promise<T> => {
      const issuer = bed.issuer({ directory });
      issuer.giveNonces(nonce === undefined ? [] : [nonce]);
      const result = await run(issuer);
      nonce = issuer.takeNonce();
      return result;
    };
    const order = await step((issuer) => issuer.createOrder({ names }));
    const [challenge] = (await step((issuer) => issuer.challenges(order, ["dns-01"]))) as [DnsChallenge];
    bed.publish({ name: challenge.recordName, value: challenge.recordValue });
    await step((issuer) => issuer.answer(challenge));
    const ready = await step((issuer) => issuer.readOrder(order.url));
    const { der } = await makeCsr({
      pkcs8: await makePrivateKey({ algorithm: "ECDSA" }),
      names,
      usages: [],
      encodeUsages: true,
    });
    await step((issuer) => issuer.finalize(ready ?? order, der));
    const valid = await step((issuer) => issuer.readOrder(order.url));
    await step((issuer) => issuer.download(valid ?? order));
    expect(bed.fake.requests).toEqual([
      "HEAD newNonce",
      "POST newOrder",
      "POST authorization",
      "POST challenge",
      "POST order",
      "POST finalize",
      "POST order",
      "POST certificate",
    ]);
  });

  it("costs a directory and an account more from cold, and no second nonce", async () => {
    const issuer = bed.issuer({ accountKeyPem: await newKeyPem(), accountUrl: undefined });
    await issuer.registerAccount({});
    await issuer.createOrder({ names });
    expect(bed.fake.requests).toEqual(["GET directory", "HEAD newNonce", "POST newAccount", "POST newOrder"]);
  });
});

describe("nonces", () => {
  it("of a refused reply are used too", async () => {
    const issuer = bed.issuer();
    bed.fake.ca.knobs.refusedNames.set("bad.example", "no");
    await expect(issuer.createOrder({ names: ["bad.example"] })).rejects.toThrow("no");
    await issuer.createOrder({ names });
    expect(bed.fake.requests.filter((request) => request === "HEAD newNonce")).toHaveLength(1);
  });

  it("of a badNonce reply are used once: by the repeat", async () => {
    const issuer = bed.issuer();
    bed.fake.rejectNonces = 2;
    await issuer.createOrder({ names });
    await issuer.createOrder({ names });
    await issuer.createOrder({ names });
    expect(bed.fake.requests.filter((request) => request === "POST newOrder")).toHaveLength(3 + 2);
    expect([issuer.takeNonce(), issuer.takeNonce()]).toEqual([expect.any(String), undefined]);
    expect(bed.fake.requests.filter((request) => request === "HEAD newNonce")).toHaveLength(1);
  });

  it("refused without end are given up after five repeats", async () => {
    bed.fake.rejectNonces = 100;
    await expect(bed.issuer().createOrder({ names })).rejects.toMatchObject({
      name: "UnavailableError",
      reason: "BadNonce",
    });
    expect(bed.fake.requests.filter((request) => request === "POST newOrder")).toHaveLength(6);
  });

  it("that are no nonces are never taken over", () => {
    const issuer = bed.issuer();
    issuer.giveNonces(["a b", "", 'x"}', "good_-1"]);
    expect([issuer.takeNonce(), issuer.takeNonce()]).toEqual(["good_-1", undefined]);
  });

  it("are missing from a newNonce answer: a bad reply", async () => {
    bed.fake.fail("newNonce", { status: 200, headers: { "Replay-Nonce": "" } });
    await expect(bed.issuer().createOrder({ names })).rejects.toMatchObject({ reason: "BadReply" });
  });
});

describe("a connection", () => {
  it("that was kept alive and is closed: a read is repeated once with a fresh nonce", async () => {
    const issuer = bed.issuer();
    const { url } = await issuer.createOrder({ names });
    bed.fake.fail("order", { connection: "reset" });
    expect((await issuer.readOrder(url))?.status).toBe("pending");
    expect(bed.fake.requests.slice(-3)).toEqual(["POST order", "HEAD newNonce", "POST order"]);
  });

  it("that was kept alive and is closed twice: unavailable", async () => {
    const issuer = bed.issuer();
    const { url } = await issuer.createOrder({ names });
    bed.fake.fail("order", { connection: "reset" }, 2);
    await expect(issuer.readOrder(url)).rejects.toMatchObject({ name: "UnavailableError", reason: "CAUnreachable" });
  });

  it("that was new and is closed: nothing is repeated", async () => {
    const first = bed.issuer();
    const { url } = await first.createOrder({ names });
    const second = bed.issuer();
    second.giveNonces([first.takeNonce() ?? ""]);
    bed.fake.fail("order", { connection: "reset" });
    bed.fake.requests.length = 0;
    await expect(second.readOrder(url)).rejects.toMatchObject({ name: "UnavailableError", reason: "CAUnreachable" });
    expect(bed.fake.requests).toEqual(["POST order"]);
  });

  it("that is closed under a request that changes something: nothing is repeated", async () => {
    const issuer = bed.issuer();
    await issuer.createOrder({ names });
    bed.fake.fail("newOrder", { connection: "reset" });
    bed.fake.requests.length = 0;
    await expect(issuer.createOrder({ names })).rejects.toMatchObject({ name: "UnavailableError" });
    expect(bed.fake.requests).toEqual(["POST newOrder"]);
  });
});

describe("the directory", () => {
  it("is read again when what State kept of it cannot be used", async () => {
    await bed.issuer({ directory: { newOrder: 5 } }).createOrder({ names });
    expect(bed.fake.requests[0]).toBe("GET directory");
  });

  it.each<[string, Parameters<FakeBed["fake"]["fail"]>[1], object]>([
    [
      "a web page",
      { status: 200, text: "<html></html>" },
      {
        name: "UnavailableError",
        reason: "BadReply",
        message: "The CA's answer cannot be used: the directory: not a JSON object.",
      },
    ],
    [
      "no newOrder",
      { rewrite: ({ newOrder: _, ...rest }) => rest },
      { reason: "BadReply", message: expect.stringContaining("newOrder must be string") },
    ],
    [
      "plain http in it",
      { rewrite: (body) => ({ ...body, newOrder: "http://127.0.0.1/" }) },
      { reason: "BadReply", message: expect.stringContaining("newOrder has the wrong form") },
    ],
    ["cut JSON", { status: 200, text: '{"newNonce": "https://' }, { reason: "BadReply" }],
    ["not found", { status: 404, text: "nothing here" }, { name: "RefusedError", reason: "NoDirectory" }],
    ["an outage", { status: 500, text: "" }, { name: "UnavailableError", reason: "CAUnavailable" }],
  ])("answered with %s is an error that says so", async (_, fault, error) => {
    bed.fake.fail("directory", fault);
    await expect(bed.issuer().directory()).rejects.toMatchObject(error);
  });

  it("that leads elsewhere is not followed: the account's signature goes to the CA only", async () => {
    bed.fake.fail("directory", { rewrite: (body) => ({ ...body, newOrder: "https://evil.example/order" }) });
    await expect(bed.issuer().createOrder({ names })).rejects.toMatchObject({ reason: "ForbiddenUrl" });
    expect(bed.fake.requests).toEqual(["GET directory", "HEAD newNonce"]);
  });
});

describe("an account key", () => {
  it.each([
    ["no PEM", "secret-bytes"],
    ["a broken PEM", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0LWJ5dGVz\n-----END PRIVATE KEY-----\n"],
  ])("that is %s is refused without being quoted", (_, accountKeyPem) => {
    let thrown: unknown;
    try {
      bed.issuer({ accountKeyPem });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ name: "RefusedError", reason: "AccountKeyInvalid" });
    expect(JSON.stringify(thrown, Object.getOwnPropertyNames(thrown))).not.toMatch(/secret-bytes|c2VjcmV0/);
  });

  it("of Ed25519 is refused, because ACME servers know RSA and ECDSA", async () => {
    const der = await makePrivateKey({ algorithm: "Ed25519" });
    const accountKeyPem = `-----BEGIN PRIVATE KEY-----\n${der.toString("base64")}\n-----END PRIVATE KEY-----\n`;
    expect(() => bed.issuer({ accountKeyPem })).toThrow("not an RSA or ECDSA private key");
  });
});

it("an issuer without an account asks the CA nothing and says what to wait for", async () => {
  const { url } = await bed.issuer().createOrder({ names });
  bed.fake.requests.length = 0;
  const issuer = bed.issuer({ accountUrl: undefined });
  await expect(issuer.readOrder(url)).rejects.toMatchObject({ name: "RefusedError", reason: "AccountUnknown" });
  expect(bed.fake.requests).toEqual([]);
});

import { describe, expect, it } from "vitest";
import { answerPath } from "../../../core/http-answer.ts";
import { serveChallenge } from "../../../core/serve-challenge.ts";

const token = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr_oA";
const keyAuthorization = `${token}.nP1qzpXGymHBrUEepNY9HCsQk7K8KhOypzEt62jcerQ`;

function stateWith() {
  const reads: string[] = [];
  const answerTo = async (asked: string) => {
    reads.push(asked);
    return asked === token ? keyAuthorization : undefined;
  };
  return { reads, answerTo };
}

describe("serveChallenge", () => {
  it("answers a token with its key authorization, as text that nobody keeps", async () => {
    const served = await serveChallenge({ method: "GET", path: answerPath(token) }, stateWith());
    expect(served).toEqual({
      status: 200,
      headers: { "content-type": "text/plain", "cache-control": "no-store" },
      body: keyAuthorization,
    });
  });

  it("answers behind the stage of an API Gateway", async () => {
    const served = await serveChallenge({ method: "GET", path: `/prod${answerPath(token)}` }, stateWith());
    expect(served.body).toBe(keyAuthorization);
  });

  it("knows no other token, after one read", async () => {
    const state = stateWith();
    const served = await serveChallenge({ method: "GET", path: answerPath(`${token}x`) }, state);
    expect([served.status, served.headers["cache-control"], state.reads.length]).toEqual([404, "no-store", 1]);
  });

  it.each([
    ["another method", "POST", answerPath(token)],
    ["HEAD, which no CA asks with", "HEAD", answerPath(token)],
    ["the front page", "GET", "/"],
    ["no token", "GET", answerPath("")],
    ["a short token", "GET", answerPath(token.slice(0, 21))],
    ["a token as long as a novel", "GET", answerPath("a".repeat(129))],
    ["a token with a slash", "GET", answerPath(`${token}/x`)],
    ["a token with a query", "GET", answerPath(`${token}?x=1`)],
    ["a token that leaves its row", "GET", answerPath("..%2f..%2fkey%23web%2fwww%23aaaaaaaa")],
    ["a token with a hash", "GET", answerPath(`${token}#attempt`)],
    ["nothing that was understood", "", ""],
  ])("finds nothing for %s, without a read", async (_, method, path) => {
    const state = stateWith();
    expect((await serveChallenge({ method, path }, state)).status).toBe(404);
    expect(state.reads).toEqual([]);
  });
});

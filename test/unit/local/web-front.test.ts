import { afterEach, describe, expect, it } from "vitest";
import type { Serve, WebFront } from "../../../local/web-front.ts";
import { startWebFront } from "../../../local/web-front.ts";

let front: WebFront | undefined;
afterEach(() => front?.close());

async function ask(serve: Serve, path = "/.well-known/acme-challenge/token?x=1") {
  front ??= await startWebFront(serve);
  const answer = await fetch(`http://127.0.0.1:${front.port}${path}`, { redirect: "manual" });
  return { status: answer.status, type: answer.headers.get("content-type"), body: await answer.text() };
}

describe("the web front", () => {
  it("asks serve-challenge as a function URL does, and gives its reply", async () => {
    front = undefined;
    const events: unknown[] = [];
    const served = await ask(async (event) => {
      events.push(event);
      return { statusCode: 200, headers: { "content-type": "text/plain" }, body: "answer" };
    });
    expect(served).toEqual({ status: 200, type: "text/plain", body: "answer" });
    expect(events).toMatchObject([
      {
        version: "2.0",
        rawPath: "/.well-known/acme-challenge/token",
        rawQueryString: "x=1",
        requestContext: { http: { method: "GET" } },
      },
    ]);
  });

  it("finds nothing while the function is not deployed, and gives what a test put instead for a host", async () => {
    front = undefined;
    expect((await ask(async () => undefined)).status).toBe(404);
    (front as unknown as WebFront).instead.set("127.0.0.1", { status: 403, body: "no" });
    expect(await ask(async () => undefined)).toMatchObject({ status: 403, body: "no" });
  });
});

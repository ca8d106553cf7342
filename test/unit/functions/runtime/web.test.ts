import { describe, expect, it } from "vitest";
import { askedOf, replyTo } from "../../../../functions/runtime/web.ts";

const path = "/.well-known/acme-challenge/token";
const served = { status: 404, headers: { "content-type": "text/plain" }, body: "not found" };

/** As AWS's guides print them, cut down. */
const functionUrl = {
  version: "2.0",
  rawPath: path,
  rawQueryString: "",
  headers: { host: "x.lambda-url.eu-west-1.on.aws" },
  requestContext: { domainName: "x.lambda-url.eu-west-1.on.aws", http: { method: "GET", path, protocol: "HTTP/1.1" } },
  isBase64Encoded: false,
};
const alb = {
  requestContext: { elb: { targetGroupArn: "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/x/y" } },
  httpMethod: "GET",
  path,
  queryStringParameters: {},
  headers: { host: "www.example.com" },
  body: "",
  isBase64Encoded: false,
};
const { headers: _, ...albWithout } = alb;
const albMultiValue = { ...albWithout, multiValueHeaders: { host: ["www.example.com"] } };
const restApi = {
  ...alb,
  resource: "/{proxy+}",
  multiValueHeaders: { host: ["www.example.com"] },
  requestContext: { stage: "prod" },
};

describe("an event", () => {
  it.each<[string, object]>([
    ["a function URL or an HTTP API", functionUrl],
    ["an ALB", alb],
    ["an ALB with multi-value headers", albMultiValue],
    ["a REST API", restApi],
  ])("of %s says what is asked for", (_name, event) => {
    expect(askedOf(event)).toEqual({ method: "GET", path });
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["a schedule", { source: "aws.events", detail: {} }],
    ["a text", "GET /"],
    ["a path that is none", { path: 1, httpMethod: "GET" }],
  ])("that is %s asks for nothing that is there", (_name, event) => {
    expect(askedOf(event)).toEqual({ method: "", path: "" });
  });
});

describe("the reply", () => {
  it("has plain headers, and the description that an ALB shows", () => {
    for (const event of [functionUrl, alb, undefined]) {
      expect(replyTo(event, served)).toEqual({
        statusCode: 404,
        statusDescription: "404 Not Found",
        isBase64Encoded: false,
        headers: { "content-type": "text/plain" },
        body: "not found",
      });
    }
  });

  it("has multi-value headers alone where the event has some: an ALB that sends them reads no others", () => {
    for (const event of [albMultiValue, restApi]) {
      const reply = replyTo(event, served);
      expect(reply).toMatchObject({ multiValueHeaders: { "content-type": ["text/plain"] } });
      expect(reply).not.toHaveProperty("headers");
    }
  });
});

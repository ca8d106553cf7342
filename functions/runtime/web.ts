import { STATUS_CODES } from "node:http";
import * as z from "zod/mini";
import type { Asked, Served } from "../../core/serve-challenge.ts";

/** Payload 2.0: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads, and HTTP APIs. */
const version2 = z.pipe(
  z.object({ rawPath: z.string(), requestContext: z.object({ http: z.object({ method: z.string() }) }) }),
  z.transform(({ rawPath, requestContext }): Asked => ({ path: rawPath, method: requestContext.http.method })),
);

/**
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html, and payload 1.0 of API Gateway:
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html.
 */
const version1 = z.pipe(
  z.object({ path: z.string(), httpMethod: z.string() }),
  z.transform(({ path, httpMethod: method }): Asked => ({ path, method })),
);

const request = z.union([version2, version1]);

/** What a caller over HTTP asks for; an event that is none asks for nothing that is there. */
export function askedOf(event: unknown): Asked {
  const parsed = request.safeParse(event);
  return parsed.success ? parsed.data : { method: "", path: "" };
}

/** The reply in the shape of the event: an ALB wants a description, and either kind of headers, not both. */
export function replyTo(event: unknown, { status, headers, body }: Served) {
  const named =
    typeof event === "object" && event !== null && "multiValueHeaders" in event
      ? { multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])) }
      : { headers };
  const statusDescription = `${status} ${STATUS_CODES[status] ?? ""}`.trim();
  return { statusCode: status, statusDescription, isBase64Encoded: false, ...named, body };
}

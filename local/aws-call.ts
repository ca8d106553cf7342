import type { Call } from "./calls.ts";
import type { Reply, Request } from "./proxy.ts";

/** What a request to AWS asks: told by the target header, the path or the form, whichever that API has. */
export function describeAws(request: Request): Omit<Call, "id"> {
  const made = madeBy(request);
  const named = operation(request);
  return {
    at: Date.now(),
    ...named,
    ...(made === undefined ? {} : { function: made }),
    parameters: parameters(request, named.service),
  };
}

/** The error code of an answer, wherever that API puts it. */
export function awsError(reply: Reply): string | undefined {
  if (reply.status < 400) return undefined;
  const body = reply.body.toString("utf8");
  const code =
    headerOf(reply, "x-amzn-errortype") ??
    /"(?:__type|code|Code)"\s*:\s*"([^"]+)"/.exec(body)?.[1] ??
    /<Code>([^<]+)<\/Code>/.exec(body)?.[1];
  return code?.split("#").at(-1)?.split(":")[0] ?? `HTTP${reply.status}`;
}

/** An error as the SDKs expect it from this service. */
export function awsRefusal(call: Call, answer: { status: number; code: string; message?: string }): Reply {
  const { status, code, message = "refused by the local stack" } = answer;
  const xml = ["route53", "s3", "sts", "cloudformation", "sns", "iam"].includes(call.service);
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
  const text = call.service === "s3" ? error : `<ErrorResponse>${error}<RequestId>local</RequestId></ErrorResponse>`;
  return {
    status,
    headers: xml
      ? { "content-type": "text/xml" }
      : { "content-type": "application/x-amz-json-1.1", "x-amzn-errortype": code },
    body: Buffer.from(xml ? text : JSON.stringify({ __type: code, message })),
  };
}

/** The Lambda behind a request: the User-Agent's last token is `certwright-<function>/1` (functions/runtime.ts). */
export function madeBy(request: Request): string | undefined {
  return /certwright-([a-z0-9-]+)\/1\s*$/.exec(String(request.headers["user-agent"] ?? ""))?.[1];
}

function operation(request: Request): { service: string; action: string } {
  const target = request.headers["x-amz-target"];
  const signed = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(String(request.headers.authorization ?? ""))?.[1];
  const service = signed ?? "unknown";
  if (typeof target === "string") return { service, action: target.split(".").at(-1) ?? target };
  const named = /\/service\/[^/]+\/operation\/(\w+)/.exec(request.path)?.[1];
  if (named) return { service, action: named };
  const form = /^Action=(\w+)|&Action=(\w+)/.exec(request.body.subarray(0, 4_096).toString("latin1"));
  if (form && service !== "s3") return { service, action: form[1] ?? form[2] ?? "" };
  const path = request.path.split("?")[0] ?? "";
  const route = restRoutes.find(
    ([of, method, pattern]) => of === service && method === request.method && pattern.test(path),
  );
  return { service, action: route?.[3] ?? `${request.method} ${path.slice(0, 60)}` };
}

const restRoutes: [service: string, method: string, path: RegExp, action: string][] = [
  ["route53", "POST", /\/hostedzone\/[^/]+\/rrset\/?$/, "ChangeResourceRecordSets"],
  ["route53", "GET", /\/hostedzone\/[^/]+\/rrset$/, "ListResourceRecordSets"],
  ["route53", "GET", /\/change\/[^/]+$/, "GetChange"],
  ["route53", "GET", /\/hostedzonesbyname$/, "ListHostedZonesByName"],
  ["route53", "GET", /\/hostedzone$/, "ListHostedZones"],
  ["route53", "POST", /\/hostedzone$/, "CreateHostedZone"],
  ["route53", "GET", /\/hostedzone\/[^/]+$/, "GetHostedZone"],
  ["route53", "DELETE", /\/hostedzone\/[^/]+$/, "DeleteHostedZone"],
  ["lambda", "POST", /\/functions\/[^/]+\/invocations$/, "Invoke"],
  ["s3", "GET", /^\/[^/]+\/.+/, "GetObject"],
  ["s3", "HEAD", /^\/[^/]+\/.+/, "HeadObject"],
  ["s3", "PUT", /^\/[^/]+\/.+/, "PutObject"],
  ["s3", "DELETE", /^\/[^/]+\/.+/, "DeleteObject"],
  ["s3", "GET", /^\/[^/]+\/?$/, "ListObjects"],
];

// Secret values and key material are never kept; long texts are cut.
const secretFields = /^(SecretString|SecretBinary|Plaintext|CiphertextBlob|PrivateKey)$/;

function parameters(request: Request, service: string): unknown {
  const { body } = request;
  if (service === "s3" || service === "ssm") return { path: request.path };
  const isJson = String(request.headers["content-type"] ?? "").includes("json");
  if (isJson && body.length > 0 && body.length < 1_000_000) return { path: request.path, ...bounded(parse(body)) };
  const text = body.length > 0 && body.length < 100_000 ? body.toString("utf8") : "";
  return text.startsWith("<") ? { path: request.path, xml: text.slice(0, 8_192) } : { path: request.path };
}

function bounded(value: unknown): Record<string, unknown> {
  const text = JSON.stringify(value, (key, each) => {
    if (secretFields.test(key)) return "[secret]";
    return typeof each === "string" && each.length > 512 ? `${each.slice(0, 512)}...` : each;
  });
  if (text === undefined) return {};
  return text.length > 16_384 ? { cut: text.slice(0, 16_384) } : JSON.parse(text);
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

function headerOf(reply: Reply, name: string): string | undefined {
  const value = reply.headers[name];
  return typeof value === "string" ? value : undefined;
}

import type { Call } from "./calls.ts";
import type { Reply, Request } from "./proxy.ts";

/** What a request to AWS asks: told by the target header, the path or the form, whichever that API has. */
export function describeAws(request: Request): Omit<Call, "id"> {
  const made = madeBy(request);
  const named = operation(request);
  const signedBy = credential(request)?.[1];
  return {
    at: Date.now(),
    ...named,
    ...(made === undefined ? {} : { function: made }),
    ...(signedBy === undefined ? {} : { signedBy }),
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
  const service = credential(request)?.[2] ?? "unknown";
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

/** Access key id and service of the signature. */
function credential(request: Request): RegExpExecArray | null {
  return /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\//.exec(String(request.headers.authorization ?? ""));
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
/** Of the parameters as JSON: a transaction of a hundred rows fits. */
const longest = 131_072;

function parameters(request: Request, service: string): unknown {
  const { body } = request;
  if (service === "ssm") return { path: request.path };
  if (service === "s3") return { path: request.path, headers: s3Conditions(request) };
  if (service === "sts") return { path: request.path, ...assumption(body.toString("utf8")) };
  const isJson = String(request.headers["content-type"] ?? "").includes("json");
  if (isJson && body.length > 0 && body.length < 1_000_000) return { path: request.path, ...bounded(parse(body)) };
  const text = body.length > 0 && body.length < 100_000 ? body.toString("utf8") : "";
  if (!text.startsWith("<")) return { path: request.path };
  return { path: request.path, xml: text.slice(0, 8_192), changes: recordChanges(text) };
}

/** What S3 weighs besides the path. */
function s3Conditions({ headers }: Request): Record<string, unknown> {
  const names = ["if-match", "if-none-match", "x-amz-tagging", "x-amz-server-side-encryption-aws-kms-key-id"];
  return Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
}

/** Of a form for STS: the session's policy and the like are not ours to keep. */
function assumption(form: string): Record<string, string> {
  const fields = new URLSearchParams(form);
  const kept = ["RoleArn", "ExternalId", "RoleSessionName"].map((name): [string, string | null] => [
    name,
    fields.get(name),
  ]);
  return Object.fromEntries(kept.filter((field): field is [string, string] => field[1] !== null));
}

/** `CREATE TXT _acme-challenge.example.com`, of each change of a ChangeBatch. */
function recordChanges(xml: string): string[] {
  const changes = xml.matchAll(/<Action>(\w+)<\/Action>.*?<Name>([^<]*)<\/Name>.*?<Type>(\w+)<\/Type>/gs);
  return [...changes].map(([, action, name, type]) => `${action} ${type} ${name}`);
}

function bounded(value: unknown): Record<string, unknown> {
  const text = JSON.stringify(value, (key, each) => {
    if (secretFields.test(key)) return "[secret]";
    return typeof each === "string" && each.length > 512 ? `${each.slice(0, 512)}...` : each;
  });
  if (text === undefined) return {};
  return text.length > longest ? { cut: text.slice(0, 16_384) } : JSON.parse(text);
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

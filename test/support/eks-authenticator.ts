import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** An access key that STS knows. */
export interface KnownKey {
  secretAccessKey: string;
  sessionToken?: string;
  /** Who it is. */
  arn: string;
}

export interface Authenticator {
  /** The EKS cluster that it guards. */
  clusterName: string;
  /** Its regional STS endpoint is taken; an EKS apiserver knows all regional ones of its partition. */
  region: string;
  /** By access key id. */
  keys: Map<string, KnownKey>;
  now(): Date;
}

const prefix = "k8s-aws-v1.";
const allowed = new Set([
  ...["action", "version", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires"],
  ...["x-amz-security-token", "x-amz-signature", "x-amz-signedheaders", "x-amz-user-agent"],
]);
const lifeMs = 15 * 60_000;

/**
 * What aws-iam-authenticator, which EKS runs beside the apiserver, asks of a token, and then what STS asks of the request
 * in it: the signature is computed anew, without any SDK. Answers who it is, or why not.
 */
export function authenticate(token: string, by: Authenticator): { arn: string } | { refused: string } {
  try {
    const parameters = checkedUrl(token, by);
    return { arn: checkedSignature(parameters, by) };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
}

function checkedUrl(token: string, { region, now }: Authenticator): Map<string, string> {
  must(token.length <= 4096, "token is too large");
  must(token.startsWith(prefix), "token is missing its prefix");
  const encoded = token.slice(prefix.length);
  must(/^[A-Za-z0-9_-]+$/.test(encoded), "token is not base64url without padding");
  const url = new URL(Buffer.from(encoded, "base64url").toString("utf8"));
  must(url.protocol === "https:", "unexpected scheme");
  must(url.host === `sts.${region}.amazonaws.com`, "unexpected hostname");
  must(url.pathname === "/", "unexpected path");
  const parameters = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    const lower = name.toLowerCase();
    must(allowed.has(lower), `non-whitelisted query parameter ${name}`);
    must(!parameters.has(lower), "query parameter with multiple values");
    parameters.set(lower, value);
  }
  must(parameters.get("action") === "GetCallerIdentity", "unexpected action");
  must((parameters.get("x-amz-signedheaders") ?? "").split(";").includes("x-k8s-aws-id"), "x-k8s-aws-id is not signed");
  const expires = Number(parameters.get("x-amz-expires") ?? Number.NaN);
  must(expires >= 0 && expires <= 900, "invalid X-Amz-Expires");
  const signedAt = instantOf(parameters.get("x-amz-date") ?? "");
  must(now().getTime() <= signedAt + lifeMs, "X-Amz-Date is expired");
  return parameters;
}

/** SigV4 of a query (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html). */
function checkedSignature(parameters: Map<string, string>, { clusterName, region, keys }: Authenticator): string {
  const [keyId = "", day = "", ...scope] = (parameters.get("x-amz-credential") ?? "").split("/");
  must(scope.join("/") === `${region}/sts/aws4_request`, "another scope");
  const key = keys.get(keyId);
  if (!key) throw new Error("unknown access key");
  must(parameters.get("x-amz-security-token") === key.sessionToken, "wrong session token");
  must(parameters.get("version") === "2011-06-15", "wrong version");
  const date = parameters.get("x-amz-date") ?? "";
  must(date.startsWith(day), "another day");
  const headers: Record<string, string> = { host: `sts.${region}.amazonaws.com`, "x-k8s-aws-id": clusterName };
  const names = (parameters.get("x-amz-signedheaders") ?? "").split(";");
  const canonical = [
    "GET",
    "/",
    queryOf(parameters),
    ...names.map((name) => `${name}:${headers[name] ?? ""}`),
    "",
    names.join(";"),
    sha256(""),
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", date, [day, ...scope].join("/"), sha256(canonical)].join("\n");
  const signingKey = [day, ...scope].reduce<Buffer>(hmac, Buffer.from(`AWS4${key.secretAccessKey}`));
  const given = Buffer.from(parameters.get("x-amz-signature") ?? "", "hex");
  const expected = hmac(signingKey, text);
  must(given.length === expected.length && timingSafeEqual(given, expected), "the signature does not match");
  return key.arn;
}

const cased: Record<string, string> = {
  ...{
    action: "Action",
    version: "Version",
    "x-amz-algorithm": "X-Amz-Algorithm",
    "x-amz-credential": "X-Amz-Credential",
  },
  ...{ "x-amz-date": "X-Amz-Date", "x-amz-expires": "X-Amz-Expires", "x-amz-signedheaders": "X-Amz-SignedHeaders" },
  "x-amz-security-token": "X-Amz-Security-Token",
};

function queryOf(parameters: Map<string, string>): string {
  return [...parameters]
    .filter(([name]) => name !== "x-amz-signature")
    .map(([name, value]) => `${encoded(cased[name] ?? name)}=${encoded(value)}`)
    .sort()
    .join("&");
}

function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** `20260501T120000Z` */
function instantOf(date: string): number {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  must(second !== undefined, "X-Amz-Date cannot be read");
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

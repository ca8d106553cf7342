import { Readable } from "node:stream";
import type { ClientConfig } from "../../functions/runtime/deps.ts";
import type { KnownKey } from "./eks-authenticator.ts";

export interface StubbedSts {
  /** How clients are made: with keys of the function's own, and this STS instead of AWS's. */
  client: ClientConfig;
  /** Whom the keys of the function, and those that were handed out, belong to. */
  keys: Map<string, KnownKey>;
  ownArn: string;
  /** The AssumeRole requests, by parameter. */
  requests: Record<string, string>[];
  denies: boolean;
}

/** STS AssumeRole (query protocol, XML) without a network. */
export function stubbedSts(): StubbedSts {
  const ownArn = "arn:aws:sts::111122223333:assumed-role/sync-kubernetes/sync";
  const own = { accessKeyId: "ASIAOWN", secretAccessKey: "own secret", sessionToken: "own session" };
  const keys = new Map<string, KnownKey>([[own.accessKeyId, { ...own, arn: ownArn }]]);
  const requests: Record<string, string>[] = [];
  const handle = async ({ body }: { body: string }) => {
    const request = Object.fromEntries(new URLSearchParams(body));
    if (stub.denies)
      return answer(
        403,
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
      );
    requests.push(request);
    const accessKeyId = `ASIAROLE${requests.length}`;
    const made = { secretAccessKey: `secret ${requests.length}`, sessionToken: `session/${requests.length}+=` };
    keys.set(accessKeyId, { ...made, arn: request.RoleArn ?? "" });
    const fields = {
      AccessKeyId: accessKeyId,
      SecretAccessKey: made.secretAccessKey,
      SessionToken: made.sessionToken,
      Expiration: "2099-01-01T00:00:00Z",
    };
    const xml = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`);
    return answer(
      200,
      `<AssumeRoleResponse><AssumeRoleResult><Credentials>${xml.join("")}</Credentials></AssumeRoleResult></AssumeRoleResponse>`,
    );
  };
  const settings = { region: "eu-central-1", credentials: own, requestHandler: { handle }, maxAttempts: 1 };
  const customUserAgent: [string, string][] = [["certwright-test", "1"]];
  const stub: StubbedSts = { client: { customUserAgent, ...settings }, keys, ownArn, requests, denies: false };
  return stub;
}

function answer(statusCode: number, xml: string) {
  return { response: { statusCode, headers: { "content-type": "text/xml" }, body: Readable.from([Buffer.from(xml)]) } };
}

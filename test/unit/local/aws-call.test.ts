import { describe, expect, it } from "vitest";
import { describeAws } from "../../../local/aws-call.ts";

interface Sent {
  path?: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

function describeSent(service: string, { path = "/", method = "POST", headers = {}, body = "" }: Sent) {
  const authorization = `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/${service}/aws4_request, Signature=x`;
  return describeAws({
    method,
    path,
    headers: {
      authorization,
      "content-type": body.startsWith("{") ? "application/x-amz-json-1.1" : "text/plain",
      ...headers,
    },
    body: Buffer.from(body),
    abandoned: () => false,
  });
}

describe("what is recorded of a call to AWS", () => {
  it("names the access key that signed it", () => {
    expect(describeSent("dynamodb", {}).signedBy).toBe("AKIDEXAMPLE");
  });

  it("has each change of a long batch of records, though the text is cut", () => {
    const change = (name: string) =>
      `<Change><Action>CREATE</Action><ResourceRecordSet><Name>${name}</Name><Type>TXT</Type><TTL>5</TTL></ResourceRecordSet></Change>`;
    const names = Array.from({ length: 200 }, (_, index) => `_acme-challenge.n${index}.test`);
    const body = `<ChangeBatch>${names.map(change).join("")}</ChangeBatch>`;
    const { parameters } = describeSent("route53", { path: "/2013-04-01/hostedzone/Z1/rrset/", body });
    const { changes, xml } = parameters as { changes: string[]; xml: string };
    expect(changes).toEqual(names.map((name) => `CREATE TXT ${name}`));
    expect(xml.length).toBeLessThan(body.length);
  });

  it("has role and ExternalId of a form for STS, and nothing else of it", () => {
    const body = "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&ExternalId=certwright%2Fweb&Policy=x";
    const { action, parameters } = describeSent("sts", { body });
    expect({ action, parameters }).toEqual({
      action: "AssumeRole",
      parameters: { path: "/", RoleArn: "arn:aws:iam::1:role/r", ExternalId: "certwright/web" },
    });
  });

  it("has the conditions of an object's headers, and never its body", () => {
    const headers = { "if-match": '"etag"', "x-amz-tagging": "certwright%3Aowner=web", "x-amz-meta-other": "1" };
    const call = describeSent("s3", {
      method: "PUT",
      path: "/bucket/web/tls",
      headers,
      body: "-----BEGIN PRIVATE KEY-----",
    });
    expect(call.parameters).toEqual({
      path: "/bucket/web/tls",
      headers: { "if-match": '"etag"', "x-amz-tagging": "certwright%3Aowner=web" },
    });
  });

  it("has a whole transaction of a hundred rows, and no secret of a call to Secrets Manager", () => {
    const rows = Array.from({ length: 100 }, (_, index) => ({
      Put: { TableName: "t", Item: { id: { S: `${index}`.repeat(200) } } },
    }));
    const transaction = describeSent("dynamodb", { body: JSON.stringify({ TransactItems: rows }) });
    expect((transaction.parameters as { TransactItems: unknown[] }).TransactItems).toHaveLength(100);
    const secret = describeSent("secretsmanager", { body: JSON.stringify({ Name: "a", SecretString: "hush" }) });
    expect(JSON.stringify(secret)).not.toContain("hush");
  });
});

import { STSClient } from "@aws-sdk/client-sts";
import { describe, expect, it } from "vitest";
import { eksToken } from "../../../../adapters/aws/eks-token.ts";
import { type Authenticator, authenticate } from "../../../support/eks-authenticator.ts";

const signedAt = new Date("2026-05-01T12:00:00Z");
const credentials = {
  accessKeyId: "ASIAEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPx",
  sessionToken: "IQoJ//b3+x==",
};
const arn = "arn:aws:sts::111122223333:assumed-role/certwright-prod/certwright";

function token(wish: { clusterName?: string; region?: string; endpoint?: string } = {}): Promise<string> {
  const { clusterName = "prod", region = "eu-west-1", endpoint } = wish;
  const stsClient = new STSClient({ region, credentials, ...(endpoint !== undefined && { endpoint }) });
  return eksToken({ clusterName, region, stsClient, clock: { now: () => signedAt } });
}

function authenticator(wish: Partial<Authenticator> = {}): Authenticator {
  const keys = new Map([[credentials.accessKeyId, { ...credentials, arn }]]);
  return { clusterName: "prod", region: "eu-west-1", keys, now: () => signedAt, ...wish };
}

const urlIn = (text: string) => new URL(Buffer.from(text.slice("k8s-aws-v1.".length), "base64url").toString("utf8"));
const withUrl = (url: URL) => `k8s-aws-v1.${Buffer.from(url.href).toString("base64url")}`;

describe("an EKS token", () => {
  it("says who signed it", async () => {
    expect(authenticate(await token(), authenticator())).toEqual({ arn });
  });

  it("is a presigned GetCallerIdentity to the cluster's regional endpoint", async () => {
    const url = urlIn(await token());
    expect(url.origin + url.pathname).toBe("https://sts.eu-west-1.amazonaws.com/");
    expect(Object.fromEntries(url.searchParams)).toEqual({
      Action: "GetCallerIdentity",
      Version: "2011-06-15",
      "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
      "X-Amz-Credential": "ASIAEXAMPLE/20260501/eu-west-1/sts/aws4_request",
      "X-Amz-Date": "20260501T120000Z",
      "X-Amz-Expires": "60",
      "X-Amz-Security-Token": credentials.sessionToken,
      "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
      "X-Amz-Signature": expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(await token()).not.toContain("=");
  });

  it("goes to AWS's endpoint even where the client talks to another", async () => {
    const elsewhere = await token({ endpoint: "http://127.0.0.1:4566" });
    expect(elsewhere).toBe(await token());
  });

  it("knows the endpoints of other partitions", async () => {
    expect(urlIn(await token({ region: "cn-north-1" })).hostname).toBe("sts.cn-north-1.amazonaws.com.cn");
    expect(urlIn(await token({ region: "us-gov-west-1" })).hostname).toBe("sts.us-gov-west-1.amazonaws.com");
  });

  it("holds no secret key", async () => {
    expect(urlIn(await token()).href).not.toContain(encodeURIComponent(credentials.secretAccessKey));
  });

  it("is taken for 15 minutes", async () => {
    const made = await token();
    const takenAt = (minutes: number) =>
      authenticate(made, authenticator({ now: () => new Date(+signedAt + minutes * 60_000) }));
    expect(takenAt(15)).toEqual({ arn });
    expect(takenAt(15.1)).toEqual({ refused: "X-Amz-Date is expired" });
  });
});

describe("an EKS token that is refused", () => {
  it("was made for another cluster", async () => {
    expect(authenticate(await token({ clusterName: "staging" }), authenticator())).toEqual({
      refused: "the signature does not match",
    });
  });

  it("was made for another region", async () => {
    expect(authenticate(await token({ region: "us-east-1" }), authenticator())).toEqual({
      refused: "unexpected hostname",
    });
  });

  it("was signed with another key", async () => {
    const keys = new Map([[credentials.accessKeyId, { ...credentials, secretAccessKey: "another", arn }]]);
    expect(authenticate(await token(), authenticator({ keys }))).toEqual({ refused: "the signature does not match" });
    expect(authenticate(await token(), authenticator({ keys: new Map() }))).toEqual({ refused: "unknown access key" });
  });

  const changes: [string, string, string][] = [
    ["X-Amz-Date", "20260501T120500Z", "the signature does not match"],
    ["X-Amz-Expires", "900", "the signature does not match"],
    ["X-Amz-Expires", "901", "invalid X-Amz-Expires"],
    ["X-Amz-SignedHeaders", "host", "x-k8s-aws-id is not signed"],
    ["X-Amz-Security-Token", "another", "wrong session token"],
    ["Action", "AssumeRole", "unexpected action"],
    ["X-Amz-Signature", "00".repeat(32), "the signature does not match"],
    ["Extra", "1", "non-whitelisted query parameter Extra"],
  ];

  it.each(changes)("was changed: %s is %s", async (name, value, refused) => {
    const url = urlIn(await token());
    url.searchParams.set(name, value);
    expect(authenticate(withUrl(url), authenticator())).toEqual({ refused });
  });
});

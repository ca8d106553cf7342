import type { STSClient } from "@aws-sdk/client-sts";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Clock } from "../../core/ports.ts";

export interface EksTokenRequest {
  /** The EKS cluster's own name: the apiserver refuses a token that was signed for another. */
  clusterName: string;
  /** The cluster's. */
  region: string;
  /** Whose identity the token shows; it calls nothing. */
  stsClient: Pick<STSClient, "config">;
  clock: Clock;
}

/**
 * A bearer token for an EKS apiserver: a presigned STS GetCallerIdentity, which the apiserver sends to learn who we are.
 * It takes the token for 15 minutes after it was signed, whatever X-Amz-Expires says.
 * https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster
 */
export async function eksToken({ clusterName, region, stsClient, clock }: EksTokenRequest): Promise<string> {
  const { credentials, sha256, endpointProvider } = stsClient.config;
  // Not the client's own endpoint: the apiserver takes only the regional one of AWS.
  const { hostname } = endpointProvider({ Region: region, UseGlobalEndpoint: false }).url;
  const signer = new SignatureV4({ service: "sts", region, credentials, sha256 });
  const request = {
    method: "GET",
    protocol: "https:",
    hostname,
    path: "/",
    query: { Action: "GetCallerIdentity", Version: "2011-06-15" },
    headers: { host: hostname, "x-k8s-aws-id": clusterName },
  };
  const { query = {} } = await signer.presign(request, { expiresIn: 60, signingDate: clock.now() });
  const parameters = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]);
  const url = `https://${hostname}/?${new URLSearchParams(parameters)}`;
  return `k8s-aws-v1.${Buffer.from(url).toString("base64url")}`;
}

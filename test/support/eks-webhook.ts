import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Authenticator, authenticate } from "./eks-authenticator.ts";

export interface EksWebhook {
  /** The kubeconfig for `--authentication-token-webhook-config-file`, JSON. */
  config: string;
  /** Why the tokens were refused, in their order. */
  refused: string[];
  close(): Promise<void>;
}

/**
 * The token webhook of an EKS apiserver on 127.0.0.1: TokenReviews (authentication.k8s.io/v1) in, who it is out. Like an
 * access entry, it maps an ARN to the user name of the same text and to a group.
 */
export async function startEksWebhook(by: Authenticator, groups: string[]): Promise<EksWebhook> {
  const refused: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const review = JSON.parse(Buffer.concat(chunks).toString("utf8"));
      const found = authenticate(review.spec.token, by);
      if ("refused" in found) refused.push(found.refused);
      const status =
        "arn" in found
          ? { authenticated: true, user: { username: found.arn, groups } }
          : { authenticated: false, error: found.refused };
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ apiVersion: review.apiVersion, kind: "TokenReview", status }));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/authenticate`;
  return {
    config: JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "eks", cluster: { server: url } }],
      users: [{ name: "apiserver", user: {} }],
      contexts: [{ name: "eks", context: { cluster: "eks", user: "apiserver" } }],
      "current-context": "eks",
    }),
    refused,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

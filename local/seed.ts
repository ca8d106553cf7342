import { CreateHostedZoneCommand } from "@aws-sdk/client-route-53";
import type { Clients } from "./clients.ts";
import type { Manifest } from "./requests.ts";
import { putRequest } from "./requests.ts";
import type { Stack } from "./stack.ts";

/** The public zone that the examples' names are in. */
export const zoneName = "example.test";

/** Makes the zone and the ClusterIssuers `pebble` and `pebble-two-minutes`. */
export async function seed(stack: Stack, clients: Clients, instance: string): Promise<void> {
  await clients.route53.send(new CreateHostedZoneCommand({ Name: zoneName, CallerReference: zoneName }));
  await stack.zones.refresh();
  for (const issuer of [
    pebbleIssuer(stack.acme, "pebble", "default"),
    pebbleIssuer(stack.acme, "pebble-two-minutes", "two-minutes"),
  ]) {
    await putRequest(clients.dynamo, `${instance}-requests`, issuer);
  }
}

/** A ClusterIssuer for the running Pebble, with one of its profiles. */
export function pebbleIssuer(
  acme: Pick<Stack["acme"], "directoryUrl" | "caCertificate">,
  name: string,
  profile: string,
): Manifest {
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "ClusterIssuer",
    metadata: { name },
    spec: {
      acme: {
        server: acme.directoryUrl,
        email: "ops@example.test",
        profile,
        caBundle: Buffer.from(acme.caCertificate).toString("base64"),
        privateKeySecretRef: { name: `${name}-account` },
        solvers: [{ dns01: { route53: { region: "us-east-1" } } }],
      },
    },
  };
}

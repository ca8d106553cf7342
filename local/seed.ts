import { ChangeResourceRecordSetsCommand, CreateHostedZoneCommand } from "@aws-sdk/client-route-53";
import type { Clients } from "./clients.ts";
import { loopback } from "./ports.ts";
import type { Manifest } from "./requests.ts";
import { putRequest } from "./requests.ts";
import type { Stack } from "./stack.ts";

/** The public zone that the examples' names are in. */
export const zoneName = "example.test";

/** Makes the zone and the ClusterIssuers `pebble` and `pebble-two-minutes`. */
export async function seed(stack: Stack, clients: Clients, instance: string): Promise<void> {
  await makeZone(clients);
  await stack.zones.refresh();
  for (const issuer of [
    withHttp01(pebbleIssuer(stack.acme, "pebble", "default")),
    pebbleIssuer(stack.acme, "pebble-two-minutes", "two-minutes"),
  ]) {
    await putRequest(clients.dynamo, `${instance}-requests`, issuer);
  }
}

/** With a name whose web server is the stack's own (web-front.ts). */
async function makeZone({ route53 }: Clients): Promise<void> {
  const made = await route53.send(new CreateHostedZoneCommand({ Name: zoneName, CallerReference: zoneName }));
  const set = { Name: nameOverHttp, Type: "A" as const, TTL: 60, ResourceRecords: [{ Value: loopback }] };
  const ChangeBatch = { Changes: [{ Action: "CREATE" as const, ResourceRecordSet: set }] };
  await route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: made.HostedZone?.Id, ChangeBatch }));
}

/** The name of examples/http01. */
const nameOverHttp = `http01.${zoneName}`;

function withHttp01(issuer: Manifest): Manifest {
  const { acme } = issuer.spec as { acme: { solvers: unknown[] } };
  const overHttp = { selector: { dnsNames: [nameOverHttp] }, http01: { ingress: {} } };
  return { ...issuer, spec: { acme: { ...acme, solvers: [...acme.solvers, overHttp] } } };
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

import { ListSecretVersionIdsCommand } from "@aws-sdk/client-secrets-manager";
import type { Manifest } from "../../local/requests.ts";
import { keyOf } from "../../local/requests.ts";
import type { TestStack } from "./integration-bed.ts";
import { secretKeyOf } from "./integration-bed.ts";

/** Orders that Pebble made for a name, told by the requests it answered with 201; a repeated badNonce is none. */
export function ordersFor(stack: TestStack, dnsName: string): Promise<number> {
  return stack.count({ service: "acme", action: "newOrder", status: 201, contains: `"value":"${dnsName}"` });
}

/** The attempts that State keeps of a Certificate, newest first. */
export function attemptsOf(stack: TestStack, { metadata }: Manifest) {
  const { namespace = "default", name } = metadata;
  return stack.state.attemptsOf({ namespace, kind: "Certificate", name });
}

/** How often the bus was told that a Certificate was issued. */
export function timesTold(stack: TestStack, manifest: Manifest): Promise<number> {
  const { resource } = keyOf(manifest);
  const contains = `\\"name\\":\\"${resource.slice(resource.indexOf("/") + 1)}\\"`;
  return stack.count({ service: "events", action: "PutEvents", function: "write-secret", contains });
}

/** The versions of a Certificate's stored secret. */
export async function versionsOf(stack: TestStack, manifest: Manifest): Promise<{ id: string; stages: string[] }[]> {
  const { namespace, name } = secretKeyOf(manifest);
  const SecretId = `${stack.facts.instance}/${namespace}/${name}`;
  const asked = new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated: true });
  const { Versions = [] } = await stack.clients.secrets.send(asked);
  return Versions.map(({ VersionId = "", VersionStages = [] }) => ({ id: VersionId, stages: VersionStages }));
}

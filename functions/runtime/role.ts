import type { AwsAccess } from "../../core/dns-adapter.ts";
import type { Clock } from "../../core/ports.ts";
import type { ClientConfig } from "./deps.ts";

/** Settings of AWS clients that act as a role, which must trust us with that ExternalId (`<instance>/<namespace>`). */
export async function withRole(
  client: ClientConfig,
  clock: Clock,
  roleArn: string,
  externalId: string,
): Promise<AwsAccess> {
  const [{ STSClient }, { assumedCredentials }] = await Promise.all([
    import("@aws-sdk/client-sts"),
    import("../../adapters/aws/assume-role.ts"),
  ]);
  const stsClient = new STSClient(client);
  const role = { roleArn, externalId, sessionName: "certwright", stsClient, clock };
  return { ...client, credentials: assumedCredentials(role) };
}

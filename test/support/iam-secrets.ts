import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { paginateListSecrets } from "@aws-sdk/client-secrets-manager";
import type { Call } from "../../local/calls.ts";
import type { KnownSecret, SecretCall } from "./iam-stores.ts";
import { tagsOf, wasDone } from "./iam-stores.ts";

/**
 * The secrets as each call met them: what the recorded calls made, over what is there now, which knows the ones that tests
 * made by hand, past the recorder.
 */
export async function secretsMet(client: SecretsManagerClient) {
  const now = new Map<string, KnownSecret>();
  for await (const page of paginateListSecrets({ client }, { IncludePlannedDeletion: true })) {
    for (const { Name = "", ARN = "", Tags = [], KmsKeyId } of page.SecretList ?? []) {
      const tags = Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value]));
      now.set(Name, { arn: ARN, tags, ...(KmsKeyId && { keyArn: KmsKeyId }) });
    }
  }
  const made = new Map<string, KnownSecret>();
  return {
    /** As it was at this call; undefined when AWS said that there was none. */
    secret: (name: string, call: Call) =>
      call.error === "ResourceNotFoundException" ? undefined : (made.get(name) ?? now.get(name)),
    /** Calls come in their order. */
    note: (call: Call) => {
      if (call.service !== "secretsmanager" || !wasDone(call)) return;
      const { Name = "", SecretId = Name, KmsKeyId, Tags } = call.parameters as SecretCall;
      const held = made.get(SecretId) ?? now.get(SecretId);
      const known = { arn: held?.arn ?? "", ...(held?.keyArn && { keyArn: held.keyArn }) };
      if (call.action === "CreateSecret") {
        made.set(SecretId, { ...known, tags: tagsOf({ Tags }), ...(KmsKeyId && { keyArn: KmsKeyId }) });
      }
      if (call.action === "TagResource") made.set(SecretId, { ...known, tags: { ...held?.tags, ...tagsOf({ Tags }) } });
    },
  };
}

import * as z from "zod/mini";

/** What the deployment tells every function. */
export interface Environment {
  instance: string;
  requestsTable: string;
  stateTable: string;
  secretsBucket: string;
  stateMachineArn: string;
  busName: string;
  keyMaterialKeyArn: string;
  defaultStore: "secretsManager" | "s3";
  /** Hosts the URL guard lets through although they are private. */
  allowedPrivateHosts: string[];
  namespaces: Record<string, { dnsNames?: string[] | undefined }> | undefined;
}

const namespaces = z.record(z.string(), z.object({ dnsNames: z.optional(z.array(z.string())) }));

const text = z.string().check(z.minLength(1));

const schema = z.object({
  CERTWRIGHT_INSTANCE: text,
  REQUESTS_TABLE: text,
  STATE_TABLE: text,
  SECRETS_BUCKET: text,
  STATE_MACHINE_ARN: text,
  BUS_NAME: text,
  KEY_MATERIAL_KEY_ARN: text,
  DEFAULT_STORE: z.enum(["secretsManager", "s3"]),
  ALLOWED_PRIVATE_HOSTS: z.optional(z.string()),
  NAMESPACES: z.optional(z.string()),
});

/** Parses the environment once; a missing variable stops the function with its name. */
export function readEnvironment(variables: Record<string, string | undefined>): Environment {
  const parsed = schema.parse(variables);
  return {
    instance: parsed.CERTWRIGHT_INSTANCE,
    requestsTable: parsed.REQUESTS_TABLE,
    stateTable: parsed.STATE_TABLE,
    secretsBucket: parsed.SECRETS_BUCKET,
    stateMachineArn: parsed.STATE_MACHINE_ARN,
    busName: parsed.BUS_NAME,
    keyMaterialKeyArn: parsed.KEY_MATERIAL_KEY_ARN,
    defaultStore: parsed.DEFAULT_STORE,
    allowedPrivateHosts: (parsed.ALLOWED_PRIVATE_HOSTS ?? "").split(",").filter((host) => host !== ""),
    namespaces: parsed.NAMESPACES ? namespaces.parse(JSON.parse(parsed.NAMESPACES)) : undefined,
  };
}

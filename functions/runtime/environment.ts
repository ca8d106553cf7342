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
  clusterResourceNamespace: string;
  /** Hosts the URL guard lets through although they are private. */
  allowedPrivateHosts: string[];
  /** Ids of the hosted zones made for validation only. */
  validationZones: string[];
  /** `host:port` of recursive resolvers; none: the system's. Only the local stack sets it (adapters/dns/lookup/open.ts). */
  dnsResolvers: string[];
  namespaces: Record<string, { dnsNames?: string[] | undefined }> | undefined;
  /** Whether serve-challenge is deployed. */
  servesHttp01: boolean;
  /** What stands for port 80 in the look at HTTP01 answers. Only the local stack sets it. */
  http01Port: number | undefined;
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
  CLUSTER_RESOURCE_NAMESPACE: z._default(text, "cert-manager"),
  ALLOWED_PRIVATE_HOSTS: z.optional(z.string()),
  VALIDATION_ZONES: z.optional(z.string()),
  DNS_RESOLVERS: z.optional(z.string()),
  NAMESPACES: z.optional(z.string()),
  SERVES_HTTP01: z.optional(z.string()),
  HTTP01_PORT: z.optional(z.string().check(z.regex(/^\d{1,5}$/))),
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
    clusterResourceNamespace: parsed.CLUSTER_RESOURCE_NAMESPACE,
    allowedPrivateHosts: listOf(parsed.ALLOWED_PRIVATE_HOSTS),
    validationZones: listOf(parsed.VALIDATION_ZONES),
    dnsResolvers: listOf(parsed.DNS_RESOLVERS),
    namespaces: parsed.NAMESPACES ? namespaces.parse(JSON.parse(parsed.NAMESPACES)) : undefined,
    servesHttp01: parsed.SERVES_HTTP01 === "true",
    http01Port: parsed.HTTP01_PORT === undefined ? undefined : Number(parsed.HTTP01_PORT),
  };
}

function listOf(text = ""): string[] {
  return text.split(",").filter((item) => item !== "");
}

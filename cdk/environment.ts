import type { Names } from "./names.ts";
import type { Settings } from "./props.ts";

/** What every function's environment says; functions/runtime.ts reads it. Names and settings only, never a secret. */
export function environmentOf(names: Names, settings: Settings, keyMaterialArn: string): Record<string, string> {
  const { namespaces, allowedPrivateHosts, defaultStore, clusterResourceNamespace, validationZones, http01 } = settings;
  return {
    CERTWRIGHT_INSTANCE: names.instance,
    REQUESTS_TABLE: names.requestsTable,
    STATE_TABLE: names.stateTable,
    SECRETS_BUCKET: names.secretsBucket,
    STATE_MACHINE_ARN: names.stateMachineArn,
    BUS_NAME: names.bus,
    KEY_MATERIAL_KEY_ARN: keyMaterialArn,
    DEFAULT_STORE: defaultStore,
    CLUSTER_RESOURCE_NAMESPACE: clusterResourceNamespace,
    ALLOWED_PRIVATE_HOSTS: allowedPrivateHosts.join(","),
    ...(validationZones.length > 0 && { VALIDATION_ZONES: validationZones.join(",") }),
    ...(namespaces && { NAMESPACES: JSON.stringify(namespaces) }),
    ...(http01 && { SERVES_HTTP01: "true" }),
  };
}

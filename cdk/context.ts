import type { CertwrightProps } from "./props.ts";
import { SettingsError } from "./settings.ts";

type Key = keyof CertwrightProps;

const texts: Key[] = [
  ...(["instance", "defaultStore", "clusterResourceNamespace", "alarmEmail", "logSubscriptionArn"] as const),
  "removalPolicy",
];
const lists: Key[] = ["zones", "validationZones", "assumableRoles", "dnsFunctions", "allowedPrivateHosts"];
/** With an example of each. */
const objects: [key: Key, like: string][] = [
  ["namespaces", '{"web":{"dnsNames":["*.web.example.com"]}}'],
  ["http01", '{"functionUrl":"public"}'],
  ["kubernetesNetwork", '{"subnetIds":["subnet-0123456789abcdef0"],"securityGroupIds":["sg-0123456789abcdef0"]}'],
];

/**
 * The props as context keys give them: `-c zones=Z1,Z2`, `-c logRetentionDays=90`, `-c namespaces='{"web":{}}'`, or the same
 * as JSON in the "context" of cdk.json. Only what cannot be read at all is refused here; the rest is for settingsOf().
 */
export function propsFromContext(read: (key: string) => unknown): CertwrightProps {
  const entries: [Key, unknown][] = [
    ...texts.map((key): [Key, unknown] => [key, read(key)]),
    ...lists.map((key): [Key, unknown] => [key, listOf(read(key))]),
    ["dnsPersist", flagOf(read("dnsPersist"))],
    ["logRetentionDays", numberOf(read("logRetentionDays"))],
    ...objects.map(([key, like]): [Key, unknown] => [key, objectOf(key, read(key), like)]),
  ];
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== "")) as CertwrightProps;
}

function listOf(value: unknown): unknown {
  if (typeof value !== "string") return value;
  return value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function numberOf(value: unknown): unknown {
  return typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
}

function flagOf(value: unknown): unknown {
  return value === "true" || value === "false" ? value === "true" : value;
}

function objectOf(key: Key, value: unknown, like: string): unknown {
  if (typeof value !== "string" || value === "") return value;
  try {
    return JSON.parse(value);
  } catch {
    throw new SettingsError([`${key} is no JSON: write it like -c ${key}='${like}'`]);
  }
}

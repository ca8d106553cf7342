import type { StoredRequest } from "../../core/ports.ts";
import type { ResourceKey } from "../../core/resource.ts";
import type { BadObject } from "./bad-objects.ts";
import { goodCertificate, goodIssuer, stored } from "./good-objects.ts";

const annotation = (name: string, value: unknown) => ({ annotations: { [name]: value } });
const annotated = (name: string, value: unknown) => goodCertificate({}, annotation(name, value));
const limited = (value: string) => goodIssuer({}, "ClusterIssuer", annotation("certwright.dev/rate-limits", value));
const at = (name: string) => `metadata.annotations[${name}]`;
const limits = at("certwright.dev/rate-limits");
const keyed = (object: StoredRequest, key: Partial<ResourceKey>): StoredRequest => ({
  ...object,
  key: { ...object.key, ...key },
});
const written = (spec: unknown) => stored("Certificate", spec);
const inText = (words: string) => `Invalid value: "(text)": ${words}`;
const manyAliases = `secretName: x\ndnsNames: [&a "a.de", ${"*a, ".repeat(30)}]`;

const annotations: BadObject[] = [
  {
    rule: "annotation: store is known",
    object: annotated("certwright.dev/store", "S3"),
    path: at("certwright.dev/store"),
    message: 'Unsupported value: "S3": supported values: "secretsManager", "s3"',
  },
  {
    rule: "annotation: deletion-policy is known",
    object: annotated("certwright.dev/deletion-policy", "Delete"),
    path: at("certwright.dev/deletion-policy"),
    message: 'Unsupported value: "Delete": supported values: "retain", "delete"',
  },
  {
    rule: "annotation: recovery-window-days is 7 or more",
    object: annotated("certwright.dev/recovery-window-days", "6"),
    path: at("certwright.dev/recovery-window-days"),
    message: 'Invalid value: "6": must be a whole number of days between 7 and 30',
  },
  {
    rule: "annotation: recovery-window-days is 30 or less",
    object: annotated("certwright.dev/recovery-window-days", "31"),
    path: at("certwright.dev/recovery-window-days"),
    message: 'Invalid value: "31": must be a whole number of days between 7 and 30',
  },
  {
    rule: "annotation: a value is a text",
    object: annotated("certwright.dev/recovery-window-days", 14),
    path: at("certwright.dev/recovery-window-days"),
    message: 'Invalid value: "integer": must be of type string',
  },
  {
    rule: "annotation: renew-requested-at is a time",
    object: annotated("certwright.dev/renew-requested-at", "now"),
    path: at("certwright.dev/renew-requested-at"),
    message: 'Invalid value: "now": must be an RFC 3339 time',
  },
  {
    rule: "annotation: ours are known",
    object: annotated("certwright.dev/deletion-polcy", "delete"),
    path: at("certwright.dev/deletion-polcy"),
    message: 'unknown annotation "certwright.dev/deletion-polcy"',
  },
  {
    rule: "annotation: rate-limits are an issuer's",
    object: annotated("certwright.dev/rate-limits", "{}"),
    path: limits,
    message: "Forbidden: certwright.dev/rate-limits is no annotation of kind Certificate",
  },
  {
    rule: "annotation: store is a Certificate's",
    object: goodIssuer({}, "ClusterIssuer", annotation("certwright.dev/store", "s3")),
    path: at("certwright.dev/store"),
    message: "Forbidden: certwright.dev/store is no annotation of kind ClusterIssuer",
  },
  {
    rule: "annotation: rate-limits are JSON",
    object: limited("{newOrders: 5}"),
    path: limits,
    message: "must be a JSON object",
  },
  {
    rule: "annotation: rate-limits are known",
    object: limited('{"newOrder":"off"}'),
    path: `${limits}.newOrder`,
    message: `unknown field "${limits}.newOrder"`,
  },
  {
    rule: "annotation: a rate limit has a capacity",
    object: limited('{"newOrders":{"refillSeconds":36}}'),
    path: `${limits}.newOrders.capacity`,
    message: "Required value: must be specified",
  },
  {
    rule: "annotation: a rate limit comes back",
    object: limited('{"newOrders":{"capacity":300,"refillSeconds":0}}'),
    path: `${limits}.newOrders.refillSeconds`,
    message: "Invalid value: 0: must be at least 1",
  },
  {
    rule: "annotation: a rate limit is a map or off",
    object: limited('{"executions":"none"}'),
    path: `${limits}.executions`,
    message: 'Invalid value: "string": must be of type object',
  },
];

const metadata: BadObject[] = [
  {
    rule: "metadata: a label's value is a word",
    object: goodCertificate({}, { labels: { team: "web team" } }),
    path: "metadata.labels",
    message:
      "Invalid value: \"web team\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  },
  {
    rule: "metadata: a label has a name",
    object: goodCertificate({}, { labels: { "example.com/": "x" } }),
    path: "metadata.labels",
    message: 'Invalid value: "example.com/": name part must be non-empty',
  },
  {
    rule: "metadata: labels are a map",
    object: goodCertificate({}, { labels: ["team"] }),
    path: "metadata.labels",
    message: 'Invalid value: "array": must be of type object',
  },
  {
    rule: "metadata: it is a map",
    object: goodCertificate({}, "just words"),
    path: "metadata",
    message: 'Invalid value: "(no map)": must be of type object',
  },
  {
    rule: "metadata: its name is the key's",
    object: goodCertificate({}, { name: "other" }),
    path: "metadata.name",
    message: 'Invalid value: "other": must be "bad", as in the key',
    inKey: true,
  },
  {
    rule: "metadata: its namespace is the key's",
    object: goodCertificate({}, { namespace: "other" }),
    path: "metadata.namespace",
    message: 'Invalid value: "other": must be "web", as in the key',
    inKey: true,
  },
  {
    rule: "apiVersion is known",
    object: { ...goodCertificate(), apiVersion: "cert-manager.io/v1alpha2" },
    path: "apiVersion",
    message:
      'Unsupported value: "cert-manager.io/v1alpha2": supported values: "cert-manager.io/v1", "certwright.dev/v1"',
  },
];

const keys: BadObject[] = [
  {
    rule: "key: a namespace is a label",
    object: keyed(goodCertificate(), { namespace: "Web" }),
    path: "metadata.namespace",
    message:
      "Invalid value: \"Web\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  },
  {
    rule: "key: a namespace is at most 63 long",
    object: keyed(goodCertificate(), { namespace: "n".repeat(64) }),
    path: "metadata.namespace",
    message: `Invalid value: "${"n".repeat(64)}": must be no more than 63 characters`,
  },
  {
    rule: "key: _system is not for users",
    object: keyed(goodCertificate(), { namespace: "_system" }),
    path: "metadata.namespace",
    message: 'Invalid value: "_system": namespaces that start with _ are reserved',
  },
  {
    rule: "key: _cluster is not for an Issuer",
    object: keyed(goodIssuer({}, "Issuer"), { namespace: "_cluster" }),
    path: "metadata.namespace",
    message: 'Invalid value: "_cluster": namespaces that start with _ are reserved',
  },
  {
    rule: "key: a ClusterIssuer lives in _cluster",
    object: keyed(goodIssuer(), { namespace: "web" }),
    path: "metadata.namespace",
    message: 'Invalid value: "web": a ClusterIssuer lives in the namespace _cluster',
  },
  {
    rule: "key: a name is a subdomain",
    object: keyed(goodCertificate(), { name: "www_1" }),
    path: "metadata.name",
    message:
      "Invalid value: \"www_1\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  },
].map((bad) => ({ ...bad, inKey: true }));

const texts: BadObject[] = [
  { rule: "spec is required", object: written(undefined), path: "spec", message: "Required value: must be specified" },
  {
    rule: "spec is a map",
    object: written([]),
    path: "spec",
    message: 'Invalid value: "(no map)": must be of type object',
  },
  {
    rule: "spec's text is a map",
    object: written("- a\n- b\n"),
    path: "spec",
    message: 'Invalid value: "(no map)": must be of type object',
  },
  {
    rule: "spec's text is YAML",
    object: written("secretName: [www-tls\n"),
    path: "spec",
    message: inText(
      "line 2, column 1: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ),
  },
  {
    rule: "spec's text is one document",
    object: written("secretName: a\n---\nsecretName: b\n"),
    path: "spec",
    message: inText("must be one document"),
  },
  {
    rule: "spec's text says each key once",
    object: written("secretName: a\nsecretName: b\n"),
    path: "spec",
    message: inText('key "secretName" already set in map'),
  },
  {
    rule: "spec's text uses few aliases",
    object: written(manyAliases),
    path: "spec",
    message: inText("is nested too deeply or repeats anchors too often"),
  },
  {
    rule: "spec's text merges few maps",
    object: written(`a: &a {b: c}\n${Array.from({ length: 30 }, (_, index) => `k${index}: {<<: *a}`).join("\n")}`),
    path: "spec",
    message: inText("is nested too deeply or repeats anchors too often"),
  },
  {
    rule: "spec's text does not multiply",
    object: written(
      `k0: &k0 [x]\n${Array.from({ length: 9 }, (_, index) => `k${index + 1}: &k${index + 1} [*k${index}, *k${index}]`).join("\n")}`,
    ),
    path: "spec",
    message: inText("is nested too deeply or repeats anchors too often"),
  },
  {
    rule: "spec's text is not nested too deeply",
    object: written("[".repeat(60_000)),
    path: "spec",
    message: inText("is nested too deeply or repeats anchors too often"),
  },
  {
    rule: "spec's text is at most 64 KB",
    object: written(`secretName: ${"x".repeat(65_536)}`),
    path: "spec",
    message: "Too long: may not be more than 65536 bytes",
  },
  {
    rule: "spec is not the whole object",
    object: written({ apiVersion: "cert-manager.io/v1", kind: "Certificate", spec: goodCertificate().spec }),
    path: "spec",
    message: 'Invalid value: "(object)": is a whole object, not its spec',
  },
];

/** Rules on annotations, metadata, the key, and the way an object is written. */
export const badStoredObjects: BadObject[] = [...annotations, ...metadata, ...keys, ...texts];

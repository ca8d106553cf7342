import type { StoredRequest } from "../../core/ports.ts";
import type { BadObject, BadSpec } from "./bad-objects.ts";
import { goodBundle } from "./good-objects.ts";

const key = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
const unique = "key must be unique across all target output keys";
const oneSource =
  'Invalid value: "(object)": exactly one of the fields in [configMap secret inLine useDefaultCAs issuer] must be set';
const oneObject = 'Invalid value: "(object)": exactly one of the fields in [name selector] must be set';
const configMap = (fields: object) => ({ sources: [{ configMap: { name: "ca", key: "ca.crt", ...fields } }] });
const secret = (fields: object) => ({ sources: [{ secret: { name: "ca", key: "ca.crt", ...fields } }] });
const issuer = (fields: object) => ({
  sources: [{ issuer: { kind: "Issuer", name: "ca", namespace: "web", ...fields } }],
});
const target = (fields: object) => ({ target: { configMap: { key: "ca.crt" }, ...fields } });
const formats = (additionalFormats: object) => target({ additionalFormats });
const metadata = (fields: object) => target({ configMap: { key: "ca.crt", metadata: fields } });
const format = "spec.target.additionalFormats";

const sources: BadSpec[] = [
  ["sources are required", { sources: undefined }, "spec.sources", "Required value: must define at least one source"],
  ["there is a source", { sources: [] }, "spec.sources", "Required value: must define at least one source"],
  [
    "a source gives something",
    { sources: [{ useDefaultCAs: false }] },
    "spec.sources",
    "Forbidden: must define at least one source",
  ],
  ["a source is one", { sources: [{}] }, "spec.sources[0]", oneSource],
  ["a source is not two", { sources: [{ inLine: "a", useDefaultCAs: true }] }, "spec.sources[0]", oneSource],
  [
    "default CAs are asked for once",
    { sources: [{ useDefaultCAs: true }, { inLine: "a" }, { useDefaultCAs: false }] },
    "spec.sources",
    "Forbidden: must request default CAs either once or not at all but got 2 requests",
  ],
  [
    "sources are a hundred at most",
    { sources: Array.from({ length: 101 }, () => ({ inLine: "a" })) },
    "spec.sources",
    "Too many: 101: must have at most 100 items",
  ],
  ["an object is named or selected", configMap({ name: undefined }), "spec.sources[0].configMap", oneObject],
  ["an object is not both", secret({ selector: {} }), "spec.sources[0].secret", oneObject],
  [
    "a key or all keys",
    configMap({ key: undefined }),
    "spec.sources[0].configMap.key",
    "Required value: source configMap key must be defined when includeAllKeys is false",
  ],
  [
    "not a key and all keys",
    secret({ includeAllKeys: true }),
    "spec.sources[0].secret.key",
    'Invalid value: "ca.crt": source secret key cannot be defined when includeAllKeys is true',
  ],
  ["a key is a key", configMap({ key: "ca/crt" }), "spec.sources[0].configMap.key", `Invalid value: "ca/crt": ${key}`],
  [
    "a selector is one",
    configMap({ name: undefined, selector: { matchExpressions: [{ key: "a", operator: "Is" }] } }),
    "spec.sources[0].configMap.selector.matchExpressions[0].operator",
    'Unsupported value: "Is": supported values: "In", "NotIn", "Exists", "DoesNotExist"',
  ],
  [
    "the target is no source",
    { sources: [{ inLine: "a" }, { configMap: { name: "bad", key: "ca.crt" } }] },
    "spec.sources[1].configMap",
    "Forbidden: cannot define the same source as target",
  ],
  [
    "the target Secret is no source",
    { sources: [{ secret: { name: "bad", key: "ca" } }], target: { secret: { key: "ca" } } },
    "spec.sources[0].secret",
    "Forbidden: cannot define the same source as target",
  ],
  [
    "an issuer has a kind",
    issuer({ kind: undefined, namespace: undefined }),
    "spec.sources[0].issuer.kind",
    "Required value: must be specified",
  ],
  [
    "an issuer's kind is known",
    issuer({ kind: "issuer", namespace: undefined }),
    "spec.sources[0].issuer.kind",
    'Unsupported value: "issuer": supported values: "Issuer", "ClusterIssuer"',
  ],
  ["an issuer has a name", issuer({ name: "" }), "spec.sources[0].issuer.name", "Required value: must be specified"],
  [
    "an Issuer has a namespace",
    issuer({ namespace: undefined }),
    "spec.sources[0].issuer.namespace",
    "Required value: must be specified",
  ],
  [
    "a ClusterIssuer has none",
    issuer({ kind: "ClusterIssuer" }),
    "spec.sources[0].issuer.namespace",
    "Forbidden: a ClusterIssuer has no namespace",
  ],
  [
    "a Cluster has a name",
    { clusters: ["Prod"] },
    "spec.clusters[0]",
    "Invalid value: \"Prod\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  ],
];

const noTarget = "Required value: must define at least one target: configMap, secret, storedSecret";

const targets: BadSpec[] = [
  ["a target is required", { target: undefined }, "spec.target", noTarget],
  ["there is a target", { target: { storedSecret: false } }, "spec.target", noTarget],
  [
    "a target has a key",
    { target: { secret: {} } },
    "spec.target.secret.key",
    "Required value: target secret key must be defined",
  ],
  [
    "a format beside the text has another key",
    formats({ jks: { key: "ca.crt" } }),
    `${format}.jks.key`,
    `Invalid value: "ca.crt": ${unique}`,
  ],
  [
    "two formats have two keys",
    formats({ jks: { key: "a" }, pkcs12: { key: "a" } }),
    `${format}.pkcs12.key`,
    `Invalid value: "a": ${unique}`,
  ],
  [
    "formats are some",
    formats({}),
    format,
    'Invalid value: "(object)": at least one of the fields in [jks pkcs12] must be set',
  ],
  [
    "a format has a key",
    formats({ pkcs12: { password: "x" } }),
    `${format}.pkcs12.key`,
    "Required value: the key of the target must be defined",
  ],
  [
    "a JKS has a password",
    formats({ jks: { key: "a", password: "" } }),
    `${format}.jks.password`,
    'Invalid value: "": should be at least 1 chars long',
  ],
  [
    "a password is short",
    formats({ pkcs12: { key: "a", password: "x".repeat(129) } }),
    `${format}.pkcs12.password`,
    "Too long: may not be more than 128 bytes",
  ],
  [
    "a profile is known",
    formats({ pkcs12: { key: "a", profile: "Modern2026" } }),
    `${format}.pkcs12.profile`,
    'Unsupported value: "Modern2026": supported values: "LegacyRC2", "LegacyDES", "Modern2023"',
  ],
  [
    "a JKS has no profile",
    formats({ jks: { key: "a", profile: "LegacyDES" } }),
    `${format}.jks.profile`,
    `unknown field "${format}.jks.profile"`,
  ],
  [
    "trust-manager's annotations are its own",
    metadata({ annotations: { "trust-manager.io/hash": "x" } }),
    "spec.target.configMap.metadata.annotations",
    'Invalid value: "trust-manager.io/hash": trust-manager.io/* annotations are not allowed',
  ],
  [
    "trust-manager's labels are its own",
    metadata({ labels: { "trust.cert-manager.io/bundle": "x" } }),
    "spec.target.configMap.metadata.labels",
    'Invalid value: "trust.cert-manager.io/bundle": trust.cert-manager.io/* labels are not allowed',
  ],
  [
    "our annotations are our own",
    metadata({ annotations: { "certwright.dev/bundle": "x" } }),
    "spec.target.configMap.metadata.annotations",
    'Invalid value: "certwright.dev/bundle": certwright.dev/* annotations are not allowed',
  ],
  [
    "an annotation has a name",
    metadata({ annotations: { "a b": "x" } }),
    "spec.target.configMap.metadata.annotations",
    "Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  ],
  [
    "a namespaceSelector is one",
    target({ namespaceSelector: { matchLabels: { "@": "" } } }),
    "spec.target.namespaceSelector.matchLabels",
    "Invalid value: \"@\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  ],
];

const trustManagers = (spec: object): StoredRequest => ({
  ...goodBundle({ ...spec }),
  apiVersion: "trust.cert-manager.io/v1alpha1",
});

/** Rules on a Bundle. */
export const badBundles: BadObject[] = [
  ...[...sources, ...targets].map(([rule, spec, path, message]) => ({
    rule: `Bundle: ${rule}`,
    object: goodBundle(spec),
    path,
    message,
  })),
  {
    rule: "Bundle: it is none of cert-manager's",
    object: { ...goodBundle(), apiVersion: "cert-manager.io/v1" },
    path: "apiVersion",
    message:
      'Unsupported value: "cert-manager.io/v1": supported values: "trust.cert-manager.io/v1alpha1", "certwright.dev/v1"',
  },
  {
    rule: "Bundle: clusters is no field of trust-manager's",
    object: trustManagers({ clusters: ["a"] }),
    path: "spec.clusters",
    message: 'unknown field "spec.clusters"',
  },
  {
    rule: "Bundle: storedSecret is no field of trust-manager's",
    object: trustManagers({ target: { configMap: { key: "a" }, storedSecret: true } }),
    path: "spec.target.storedSecret",
    message: 'unknown field "spec.target.storedSecret"',
  },
];

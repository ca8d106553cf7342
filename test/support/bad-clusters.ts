import type { BadObject, BadSpec } from "./bad-objects.ts";
import { goodCluster } from "./good-objects.ts";

const hidden = 'Invalid value: "(not shown)"';
const url = `${hidden}: must be an https URL without credentials or query`;
const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const oneAuth =
  'Invalid value: "(object)": exactly one of the fields in [eks kubeconfigSecretRef tokenSecretRef clientCertificateSecretRef] must be set';
const eks = (fields: object) => ({ auth: { eks: { clusterName: "prod", region: "eu-central-1", ...fields } } });
const expression = (fields: object) => ({
  selector: { matchExpressions: [{ key: "tier", operator: "In", values: ["a"], ...fields }] },
});
const expressions = "spec.selector.matchExpressions[0]";
const share = "must be a whole number of at least 1, or a percentage from 1% to 100%";

const reached: BadSpec[] = [
  [
    "server is required",
    { server: undefined },
    "spec.server",
    "Required value: must be specified unless a kubeconfig says it",
  ],
  ["server is https", { server: "http://10.0.0.1:6443" }, "spec.server", url],
  ["server is a URL", { server: "10.0.0.1:6443" }, "spec.server", url],
  ["server holds no credentials", { server: "https://admin:secret@10.0.0.1" }, "spec.server", url],
  ["server has no query", { server: "https://10.0.0.1?token=secret" }, "spec.server", url],
  ["caBundle is base64", { caBundle: "-----BEGIN" }, "spec.caBundle", `${hidden}: must be base64`],
  [
    "caBundle holds a certificate",
    { caBundle: Buffer.from("nothing").toString("base64") },
    "spec.caBundle",
    'Invalid value: "": cert bundle didn\'t contain any valid certificates',
  ],
  ["auth is required", { auth: undefined }, "spec.auth", "Required value: must be specified"],
  ["auth is one", { auth: {} }, "spec.auth", oneAuth],
  [
    "auth is not two",
    { auth: { tokenSecretRef: { name: "a" }, clientCertificateSecretRef: { name: "b" } } },
    "spec.auth",
    oneAuth,
  ],
  [
    "auth is known",
    { auth: { token: "x", tokenSecretRef: { name: "a" } } },
    "spec.auth.token",
    'unknown field "spec.auth.token"',
  ],
  [
    "a kubeconfig has a name",
    { auth: { kubeconfigSecretRef: {} } },
    "spec.auth.kubeconfigSecretRef.name",
    "Required value: the name of a stored secret is required",
  ],
  [
    "a token is named, not written",
    { auth: { tokenSecretRef: "eyJhbGciOi" } },
    "spec.auth.tokenSecretRef",
    'Invalid value: "string": must be of type object',
  ],
  [
    "a client certificate is in our namespace",
    { auth: { clientCertificateSecretRef: { name: "arn:aws:secretsmanager:x" } } },
    "spec.auth.clientCertificateSecretRef.name",
    `${hidden}: must be the name of a secret in the resource's own namespace, not an ARN`,
  ],
  [
    "a client certificate has its own keys",
    { auth: { clientCertificateSecretRef: { name: "a", key: "tls.crt" } } },
    "spec.auth.clientCertificateSecretRef.key",
    'unknown field "spec.auth.clientCertificateSecretRef.key"',
  ],
  ["eks has a name", eks({ clusterName: "" }), "spec.auth.eks.clusterName", "Required value: must be specified"],
  [
    "eks has a name of EKS",
    eks({ clusterName: "arn:aws:eks" }),
    "spec.auth.eks.clusterName",
    'Invalid value: "arn:aws:eks": must be the name of an EKS cluster',
  ],
  ["eks has a region", eks({ region: undefined }), "spec.auth.eks.region", "Required value: must be specified"],
  [
    "eks has a region of AWS",
    eks({ region: "Frankfurt" }),
    "spec.auth.eks.region",
    'Invalid value: "Frankfurt": must be an AWS region',
  ],
  [
    "a role is an ARN",
    eks({ roleArn: "certwright-eks" }),
    "spec.auth.eks.roleArn",
    'Invalid value: "certwright-eks": must be the ARN of an IAM role',
  ],
];

const mirrored: BadSpec[] = [
  [
    "a mapped namespace is ours",
    { namespaceMap: { "We b": "web" } },
    "spec.namespaceMap",
    `Invalid value: "We b": ${label}`,
  ],
  [
    "a namespace is mapped to a namespace",
    { namespaceMap: { web: "*" } },
    "spec.namespaceMap",
    `Invalid value: "*": ${label}`,
  ],
  [
    "selector: a label is a label",
    { selector: { matchLabels: { a: "b c" } } },
    "spec.selector.matchLabels",
    "Invalid value: \"b c\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  ],
  [
    "selector: a namespace is one",
    { selector: { namespaces: ["*"] } },
    "spec.selector.namespaces[0]",
    `Invalid value: "*": ${label}`,
  ],
  [
    "selector: an expression has a key",
    expression({ key: "" }),
    `${expressions}.key`,
    "Required value: must be specified",
  ],
  [
    "selector: an expression has an operator",
    expression({ operator: undefined }),
    `${expressions}.operator`,
    "Required value: must be specified",
  ],
  [
    "selector: an operator is known",
    expression({ operator: "in" }),
    `${expressions}.operator`,
    'Unsupported value: "in": supported values: "In", "NotIn", "Exists", "DoesNotExist"',
  ],
  [
    "selector: In has values",
    expression({ values: [] }),
    `${expressions}.values`,
    "Required value: must be specified when `operator` is 'In' or 'NotIn'",
  ],
  [
    "selector: Exists has none",
    expression({ operator: "Exists" }),
    `${expressions}.values`,
    "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
  ],
  [
    "selector: a field is known",
    { selector: { matchlabels: {} } },
    "spec.selector.matchlabels",
    'unknown field "spec.selector.matchlabels"',
  ],
  [
    "allowedNamespaces are namespaces",
    { allowedNamespaces: ["web", "we.b"] },
    "spec.allowedNamespaces[1]",
    `Invalid value: "we.b": ${label}`,
  ],
  [
    "deletionPolicy is known",
    { deletionPolicy: "Delete" },
    "spec.deletionPolicy",
    'Unsupported value: "Delete": supported values: "retain", "delete"',
  ],
  ["mode is known", { mode: "watch" }, "spec.mode", 'Unsupported value: "watch": supported values: "repair", "report"'],
  [
    "requestsPerSecond is 1 or more",
    { requestsPerSecond: 0 },
    "spec.requestsPerSecond",
    "Invalid value: 0: must be between 1 and 500",
  ],
  [
    "requestsPerSecond is 500 or less",
    { requestsPerSecond: 501 },
    "spec.requestsPerSecond",
    "Invalid value: 501: must be between 1 and 500",
  ],
  [
    "driftCheckInterval is a duration",
    { driftCheckInterval: "1d" },
    "spec.driftCheckInterval",
    'Invalid value: "1d": time: unknown unit "d" in duration "1d"',
  ],
  [
    "driftCheckInterval is a minute or more",
    { driftCheckInterval: "59s" },
    "spec.driftCheckInterval",
    "Invalid value: 59s: must be at least 1m0s",
  ],
  [
    "trustNamespace is a namespace",
    { trustNamespace: "Trust" },
    "spec.trustNamespace",
    `Invalid value: "Trust": ${label}`,
  ],
  [
    "reload says where",
    { reload: {} },
    "spec.reload",
    "Required value: at least one of namespaces and annotatedIn must be set",
  ],
  [
    "reload: a namespace is one",
    { reload: { namespaces: ["web-*"] } },
    "spec.reload.namespaces[0]",
    `Invalid value: "web-*": ${label}`,
  ],
  ...(
    [
      ["is one or more", 0, "0"],
      ["is a share in percent", "25", '"25"'],
      ["is a share of no more than all", "101%", '"101%"'],
      ["is more than nothing", "0%", '"0%"'],
    ] as const
  ).map(
    ([rule, maxConcurrent, shown]): BadSpec => [
      `reload: maxConcurrent ${rule}`,
      { reload: { namespaces: ["*"], maxConcurrent } },
      "spec.reload.maxConcurrent",
      `Invalid value: ${shown}: ${share}`,
    ],
  ),
  [
    "reload: timeout is a time",
    { reload: { annotatedIn: ["*"], timeout: "0s" } },
    "spec.reload.timeout",
    "Invalid value: 0s: must be at least 1s",
  ],
  ["a field is known", { requestPerSecond: 5 }, "spec.requestPerSecond", 'unknown field "spec.requestPerSecond"'],
];

const ofTheKey = (object: ReturnType<typeof goodCluster>, namespace: string) => ({
  ...object,
  key: { ...object.key, namespace },
});

/** Rules on a Cluster. */
export const badClusters: BadObject[] = [
  ...[...reached, ...mirrored].map(([rule, spec, path, message]) => ({
    rule: `Cluster: ${rule}`,
    object: goodCluster(spec),
    path,
    message,
  })),
  {
    rule: "Cluster: it lives in _cluster",
    object: ofTheKey(goodCluster(), "web"),
    path: "metadata.namespace",
    message: 'Invalid value: "web": a Cluster lives in the namespace _cluster',
    inKey: true,
  },
  {
    rule: "Cluster: it is an object of ours",
    object: { ...goodCluster(), apiVersion: "cert-manager.io/v1" },
    path: "apiVersion",
    message: 'Unsupported value: "cert-manager.io/v1": supported values: "certwright.dev/v1"',
  },
  {
    rule: "Cluster: it has none of our annotations",
    object: goodCluster({}, { annotations: { "certwright.dev/targets": "prod-eu" } }),
    path: "metadata.annotations[certwright.dev/targets]",
    message: "Forbidden: certwright.dev/targets is no annotation of kind Cluster",
  },
];

import { badHttp01 } from "./bad-http01.ts";
import type { BadObject, BadSpec } from "./bad-objects.ts";
import { badSigners } from "./bad-signers.ts";
import { goodIssuer, stored } from "./good-objects.ts";

const notYet = "Forbidden: not supported by this version of certwright";
const hidden = 'Invalid value: "(not shown)"';
const excludes = "caBundle and skipTLSVerify are mutually exclusive and cannot both be set";
const base64 = (text: string) => Buffer.from(text).toString("base64");
const binding = (fields: object) => ({
  externalAccountBinding: { keyID: "kid", keySecretRef: { name: "eab", key: "hmac" }, ...fields },
});
const route53 = (fields: object) => ({ solvers: [{ dns01: { route53: fields } }] });
const dns01 = (fields: object) => ({ solvers: [{ dns01: fields }] });
const solver = "spec.acme.solvers[0]";

const account: BadSpec[] = [
  [
    "server is required",
    { server: undefined },
    "spec.acme.server",
    "Required value: acme server URL is a required field",
  ],
  [
    "server is https",
    { server: "http://acme.example.com/dir" },
    "spec.acme.server",
    `${hidden}: must be an https URL without credentials`,
  ],
  [
    "server is a URL",
    { server: "acme.example.com" },
    "spec.acme.server",
    `${hidden}: must be an https URL without credentials`,
  ],
  [
    "server holds no credentials",
    { server: "https://user:pass@acme.example.com/dir" },
    "spec.acme.server",
    `${hidden}: must be an https URL without credentials`,
  ],
  [
    "email is one address",
    { email: "a@example.com,b@example.com" },
    "spec.acme.email",
    'Invalid value: "a@example.com,b@example.com": must be one e-mail address',
  ],
  [
    "profile is a word",
    { profile: "short lived" },
    "spec.acme.profile",
    'Invalid value: "short lived": must be the name of a profile',
  ],
  [
    "privateKeySecretRef is required",
    { privateKeySecretRef: undefined },
    "spec.acme.privateKeySecretRef.name",
    "Required value: private key secret name is a required field",
  ],
  [
    "privateKeySecretRef is a map",
    { privateKeySecretRef: "le-account" },
    "spec.acme.privateKeySecretRef",
    'Invalid value: "string": must be of type object',
  ],
  [
    "a secretRef is no ARN",
    { privateKeySecretRef: { name: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x" } },
    "spec.acme.privateKeySecretRef.name",
    `${hidden}: must be the name of a secret in the resource's own namespace, not an ARN`,
  ],
  [
    "a secretRef stays in its namespace",
    { privateKeySecretRef: { name: "../other/x" } },
    "spec.acme.privateKeySecretRef.name",
    `${hidden}: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`,
  ],
  [
    "a secretRef's key is a key",
    { privateKeySecretRef: { name: "x", key: "a b" } },
    "spec.acme.privateKeySecretRef.key",
    `${hidden}: a valid config key must consist of alphanumeric characters, '-', '_' or '.'`,
  ],
  [
    "a secretRef names no namespace",
    { privateKeySecretRef: { name: "x", namespace: "other" } },
    "spec.acme.privateKeySecretRef.namespace",
    'unknown field "spec.acme.privateKeySecretRef.namespace"',
  ],
  [
    "an external account has a keyID",
    binding({ keyID: "" }),
    "spec.acme.externalAccountBinding.keyID",
    "Required value: the keyID field is required when using externalAccountBinding",
  ],
  [
    "an external account has a key",
    binding({ keySecretRef: { name: "eab" } }),
    "spec.acme.externalAccountBinding.keySecretRef.key",
    "Required value: secret key is required",
  ],
  [
    "an external account has a secret",
    binding({ keySecretRef: { key: "hmac" } }),
    "spec.acme.externalAccountBinding.keySecretRef.name",
    "Required value: secret name is required",
  ],
  [
    "an external account's algorithm is known",
    binding({ keyAlgorithm: "RS256" }),
    "spec.acme.externalAccountBinding.keyAlgorithm",
    'Unsupported value: "RS256": supported values: "HS256", "HS384", "HS512"',
  ],
  ["caBundle is base64", { caBundle: "-----BEGIN" }, "spec.acme.caBundle", `${hidden}: must be base64`],
  [
    "caBundle holds a certificate",
    { caBundle: base64("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n") },
    "spec.acme.caBundle",
    'Invalid value: "": cert bundle didn\'t contain any valid certificates',
  ],
  [
    "caBundle excludes skipTLSVerify",
    { caBundle: base64("no certificate"), skipTLSVerify: true },
    "spec.acme.skipTLSVerify",
    `Invalid value: true: ${excludes}`,
    3,
  ],
  [
    "skipTLSVerify is a boolean",
    { skipTLSVerify: "true" },
    "spec.acme.skipTLSVerify",
    'Invalid value: "string": must be of type boolean',
  ],
  [
    "preferredChain is a common name",
    { preferredChain: "x".repeat(65) },
    "spec.acme.preferredChain",
    "Too long: may not be more than 64 bytes",
  ],
  [
    "enableDurationFeature is a flag",
    { enableDurationFeature: "yes" },
    "spec.acme.enableDurationFeature",
    'Invalid value: "string": must be of type boolean',
  ],
  ["an unknown acme field is refused", { sever: "x" }, "spec.acme.sever", 'unknown field "spec.acme.sever"'],
];

const solvers: BadSpec[] = [
  [
    "a solver is required",
    { solvers: [] },
    "spec.acme.solvers",
    "Required value: at least one solver must be configured",
  ],
  ["a solver is a map", { solvers: ["dns01"] }, solver, 'Invalid value: "string": must be of type object'],
  ["a solver has a type", { solvers: [{ selector: {} }] }, solver, "Required value: no solver type configured"],
  ...badHttp01,
  ["dns01 has a provider", dns01({}), `${solver}.dns01`, "Required value: no DNS01 provider configured"],
  ["other providers come later", dns01({ webhook: { solverName: "mine" } }), `${solver}.dns01.webhook`, notYet],
  [
    "cnameStrategy is None or Follow",
    dns01({ route53: {}, cnameStrategy: "follow" }),
    `${solver}.dns01.cnameStrategy`,
    'Unsupported value: "follow": supported values: "None", "Follow"',
  ],
  [
    "a nameserver is a server",
    dns01({ route53: {}, nameservers: ["1.1.1.1:53", "http://dns.google/dns-query"] }),
    `${solver}.dns01.nameservers[1]`,
    'Invalid value: "http://dns.google/dns-query": must be in the form host:port, or an https URL',
  ],
  [
    "a nameserver's URL holds no credentials",
    dns01({ route53: {}, nameservers: ["https://me:word@dns.test/dns-query"] }),
    `${solver}.dns01.nameservers[0]`,
    'Invalid value: "(not shown)": must be in the form host:port, or an https URL',
  ],
  [
    "waitInsteadOfSelfCheck is not negative",
    { solvers: [{ dns01: { route53: {} }, waitInsteadOfSelfCheck: "-1s" }] },
    `${solver}.waitInsteadOfSelfCheck`,
    'Invalid value: "-1s": must be between 0s and 6h',
  ],
  [
    "waitInsteadOfSelfCheck is no day",
    { solvers: [{ dns01: { route53: {} }, waitInsteadOfSelfCheck: "24h" }] },
    `${solver}.waitInsteadOfSelfCheck`,
    'Invalid value: "24h0m0s": must be between 0s and 6h',
  ],
  ["access keys are refused", route53({ accessKeyID: "AKIAEXAMPLE" }), `${solver}.dns01.route53.accessKeyID`, notYet],
  [
    "secret access keys are refused",
    route53({ secretAccessKeySecretRef: { name: "aws", key: "secret" } }),
    `${solver}.dns01.route53.secretAccessKeySecretRef`,
    notYet,
  ],
  [
    "service accounts are refused",
    route53({ auth: { kubernetes: { serviceAccountRef: { name: "x" } } } }),
    `${solver}.dns01.route53.auth`,
    notYet,
  ],
  [
    "a role is an ARN",
    route53({ role: "certwright-dns" }),
    `${solver}.dns01.route53.role`,
    'Invalid value: "certwright-dns": must be the ARN of an IAM role',
  ],
  [
    "a role is no user",
    route53({ role: "arn:aws:iam::123456789012:user/x" }),
    `${solver}.dns01.route53.role`,
    'Invalid value: "arn:aws:iam::123456789012:user/x": must be the ARN of an IAM role',
  ],
  [
    "hostedZoneID is an id",
    route53({ hostedZoneID: "example.com" }),
    `${solver}.dns01.route53.hostedZoneID`,
    'Invalid value: "example.com": must be the id of a hosted zone',
  ],
  [
    "a region is a region",
    route53({ region: "Frankfurt" }),
    `${solver}.dns01.route53.region`,
    'Invalid value: "Frankfurt": must be an AWS region',
  ],
  [
    "a selector's names are DNS names",
    { solvers: [{ dns01: { route53: {} }, selector: { dnsZones: ["exa mple.com"] } }] },
    `${solver}.selector.dnsZones[0]`,
    "Invalid value: \"exa mple.com\": must be a DNS name: labels of letters, digits and '-', separated by dots, that start and end with a letter or digit",
  ],
];

const ofTheWholeSpec: BadObject[] = [
  {
    rule: "Issuer: some issuer is required",
    object: stored("Issuer", {}),
    path: "spec",
    message: "Required value: at least one issuer must be configured",
  },
  ...badSigners,
  ...["vault", "venafi"].map((type) => ({
    rule: `Issuer: ${type} comes later`,
    object: stored("Issuer", { [type]: {} }),
    path: `spec.${type}`,
    message: notYet,
  })),
  {
    rule: "Issuer: a tenant's issuer names a role",
    object: goodIssuer(route53({ region: "eu-central-1" }), "Issuer"),
    path: `${solver}.dns01.route53.role`,
    message: "Required value: an Issuer may not use the installation's own credentials",
  },
];

/** Rules on the spec of an Issuer and a ClusterIssuer. */
export const badIssuerSpecs: BadObject[] = [
  ...[...account, ...solvers].map(([rule, acme, path, message, faults]) => ({
    rule: `Issuer: ${rule}`,
    object: goodIssuer(acme),
    path,
    message,
    ...(faults === undefined ? {} : { faults }),
  })),
  ...ofTheWholeSpec,
];

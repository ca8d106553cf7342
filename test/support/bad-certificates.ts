import { badKeysAndUsages, badLifetimes } from "./bad-certificate-fields.ts";
import { badIdentities } from "./bad-identities.ts";
import { badKeystores } from "./bad-keystores.ts";
import type { BadObject, BadSpec } from "./bad-objects.ts";
import { badRenewals } from "./bad-renewals.ts";
import { goodCertificate } from "./good-objects.ts";

const startsAndEnds = "and must start and end with an alphanumeric character";
const subdomain = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', ${startsAndEnds}`;
const dnsName =
  "must be a DNS name: labels of letters, digits and '-', separated by dots, that start and end with a letter or digit";
const long = (length: number) => "a".repeat(length);
/** 252 octets in labels of 62. */
const longName = Array.from({ length: 4 }, () => long(62)).join(".");

const names: BadSpec[] = [
  ["secretName is required", { secretName: undefined }, "spec.secretName", "Required value: must be specified"],
  ["an empty secretName is none", { secretName: "" }, "spec.secretName", "Required value: must be specified"],
  ["secretName is a name", { secretName: "WWW_tls" }, "spec.secretName", `Invalid value: "WWW_tls": ${subdomain}`],
  [
    "secretName is at most 253 long",
    { secretName: long(254) },
    "spec.secretName",
    `Invalid value: "${long(80)}…": must be no more than 253 characters`,
  ],
  ["secretName is a text", { secretName: 17 }, "spec.secretName", 'Invalid value: "integer": must be of type string'],
  [
    "some name is required",
    { dnsNames: [] },
    "spec",
    'Invalid value: "": at least one of commonName (from the commonName field or from a literalSubject), dnsNames, emailSANs, ipAddresses, otherNames, or uriSANs must be set',
  ],
  [
    "dnsNames is a list",
    { dnsNames: "a.example.com" },
    "spec.dnsNames",
    'Invalid value: "string": must be of type array',
  ],
  [
    "dnsNames are texts",
    { dnsNames: ["a.example.com", 5] },
    "spec.dnsNames[1]",
    'Invalid value: "integer": must be of type string',
  ],
  [
    "a label has at most 63 octets",
    { dnsNames: [`${long(64)}.example.com`] },
    "spec.dnsNames[0]",
    `Invalid value: "${long(64)}.example.com": must have labels of no more than 63 octets`,
  ],
  [
    "a name has at most 253 octets",
    { dnsNames: [`${longName}.de`] },
    "spec.dnsNames[0]",
    `Invalid value: "${`${longName}.de`.slice(0, 80)}…": must be no more than 253 octets long`,
  ],
  [
    "a name leaves room for its challenge",
    { dnsNames: [longName.slice(0, 240)] },
    "spec.dnsNames[0]",
    `Invalid value: "${longName.slice(0, 80)}…": must be no more than 237 octets long without its wildcard, because its challenge is at _acme-challenge.<name>`,
  ],
  [
    "a wildcard is the first label",
    { dnsNames: ["www.*.example.com"] },
    "spec.dnsNames[0]",
    'Invalid value: "www.*.example.com": must have a wildcard only as its whole first label (*.example.com)',
  ],
  [
    "a wildcard is a whole label",
    { dnsNames: ["a*.example.com"] },
    "spec.dnsNames[0]",
    'Invalid value: "a*.example.com": must have a wildcard only as its whole first label (*.example.com)',
  ],
  [
    "there is one wildcard",
    { dnsNames: ["*.*.example.com"] },
    "spec.dnsNames[0]",
    'Invalid value: "*.*.example.com": must have a wildcard only as its whole first label (*.example.com)',
  ],
  [
    "a name has no final dot",
    { dnsNames: ["example.com."] },
    "spec.dnsNames[0]",
    'Invalid value: "example.com.": must not end with a dot',
  ],
  ["a label is not empty", { dnsNames: ["a..b"] }, "spec.dnsNames[0]", `Invalid value: "a..b": ${dnsName}`],
  ["a name has no space", { dnsNames: ["a b.de"] }, "spec.dnsNames[0]", `Invalid value: "a b.de": ${dnsName}`],
  ["a name is no URL", { dnsNames: ["https://a.de"] }, "spec.dnsNames[0]", `Invalid value: "https://a.de": ${dnsName}`],
  [
    "a name is no IP address",
    { dnsNames: ["192.0.2.1"] },
    "spec.dnsNames[0]",
    'Invalid value: "192.0.2.1": must be a DNS name, not an IP address',
  ],
  [
    "a U-label can be converted",
    { dnsNames: ["\u200d.example.com"] },
    "spec.dnsNames[0]",
    'Invalid value: "\u200d.example.com": must be a DNS name; it cannot be converted to A-labels',
  ],
  [
    "commonName is at most 64 long",
    { commonName: `${long(61)}.com` },
    "spec.commonName",
    "Too long: may not be more than 64 bytes",
  ],
  ["issuerRef is required", { issuerRef: undefined }, "spec.issuerRef.name", "Required value: must be specified"],
  [
    "issuerRef has a name",
    { issuerRef: { kind: "Issuer" } },
    "spec.issuerRef.name",
    "Required value: must be specified",
  ],
  [
    "issuerRef.name is a name",
    { issuerRef: { name: "le/prod" } },
    "spec.issuerRef.name",
    `Invalid value: "le/prod": ${subdomain}`,
  ],
  [
    "issuerRef.kind is ours",
    { issuerRef: { name: "pca", kind: "AWSPCAIssuer" } },
    "spec.issuerRef.kind",
    'Invalid value: "AWSPCAIssuer": must be one of Issuer or ClusterIssuer (did you forget to set spec.issuerRef.group?)',
  ],
  [
    "issuerRef.group is ours",
    { issuerRef: { name: "pca", kind: "AWSPCAIssuer", group: "awspca.cert-manager.io" } },
    "spec.issuerRef.group",
    "Forbidden: issuers of other groups are not supported by this version of certwright",
  ],
];

const unknown: BadSpec[] = [
  ["an unknown field is refused", { colour: "blue" }, "spec.colour", 'unknown field "spec.colour"'],
  ["a misspelt field is refused", { dnsName: ["a.de"] }, "spec.dnsName", 'unknown field "spec.dnsName"'],
  [
    "an unknown field inside is refused",
    { issuerRef: { name: "le", namespace: "x" } },
    "spec.issuerRef.namespace",
    'unknown field "spec.issuerRef.namespace"',
  ],
];

/** Rules on the spec of a Certificate. */
export const badCertificateSpecs: BadObject[] = [
  ...names,
  ...badIdentities,
  ...badLifetimes,
  ...badRenewals,
  ...badKeysAndUsages,
  ...badKeystores,
  ...unknown,
].map(([rule, spec, path, message, faults]) => ({
  rule: `Certificate: ${rule}`,
  object: goodCertificate(spec),
  path,
  message,
  ...(faults === undefined ? {} : { faults }),
}));

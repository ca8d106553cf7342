import type { BadSpec } from "./bad-objects.ts";

const startsAndEnds = "and must start and end with an alphanumeric character";
const bothRenewals = "renewBefore and renewBeforePercentage are mutually exclusive and cannot both be set";

/** Rules on duration, renewBefore and their like. */
export const badLifetimes: BadSpec[] = [
  [
    "a duration has no days",
    { duration: "90d" },
    "spec.duration",
    'Invalid value: "90d": time: unknown unit "d" in duration "90d"',
  ],
  [
    "a duration has a unit",
    { duration: "3600" },
    "spec.duration",
    'Invalid value: "3600": time: missing unit in duration "3600"',
  ],
  ["a duration is a text", { duration: 3600 }, "spec.duration", 'Invalid value: "integer": must be of type string'],
  [
    "duration is at least 1h",
    { duration: "59m" },
    "spec.duration",
    "Invalid value: 59m0s: certificate duration must be greater than 1h0m0s",
  ],
  [
    "duration is not negative",
    { duration: "-2160h" },
    "spec.duration",
    "Invalid value: -2160h0m0s: certificate duration must be greater than 1h0m0s",
  ],
  [
    "duration is not zero",
    { duration: "0" },
    "spec.duration",
    "Invalid value: 0s: certificate duration must be greater than 1h0m0s",
  ],
  [
    "renewBefore is at least 5m",
    { renewBefore: "4m59s" },
    "spec.renewBefore",
    "Invalid value: 4m59s: certificate renewBefore must be greater than 5m0s",
  ],
  [
    "renewBefore is shorter than duration",
    { duration: "24h", renewBefore: "24h" },
    "spec.renewBefore",
    "Invalid value: 24h0m0s: certificate duration 24h0m0s must be greater than renewBefore 24h0m0s",
  ],
  [
    "renewBefore is shorter than the default duration",
    { renewBefore: "2161h" },
    "spec.renewBefore",
    "Invalid value: 2161h0m0s: certificate duration 2160h0m0s must be greater than renewBefore 2161h0m0s",
  ],
  [
    "there is one renewBefore",
    { renewBefore: "240h", renewBeforePercentage: 25 },
    "spec.renewBeforePercentage",
    `Invalid value: 25: ${bothRenewals}`,
    2,
  ],
  [
    "renewBeforePercentage is over 0",
    { renewBeforePercentage: 0 },
    "spec.renewBeforePercentage",
    "Invalid value: 0: certificate renewBeforePercentage must result in a renewBefore less than duration",
  ],
  [
    "renewBeforePercentage is under 100",
    { renewBeforePercentage: 100 },
    "spec.renewBeforePercentage",
    "Invalid value: 100: certificate renewBeforePercentage must result in a renewBefore greater than 5m0s",
  ],
  [
    "renewBeforePercentage is whole",
    { renewBeforePercentage: 33.3 },
    "spec.renewBeforePercentage",
    'Invalid value: "number": must be of type integer',
  ],
  [
    "revisionHistoryLimit is at least 1",
    { revisionHistoryLimit: 0 },
    "spec.revisionHistoryLimit",
    "Invalid value: 0: must not be less than 1",
  ],
];

/** Rules on privateKey, usages and secretTemplate. */
export const badKeysAndUsages: BadSpec[] = [
  [
    "an RSA key has 2048 bits or more",
    { privateKey: { size: 1024 } },
    "spec.privateKey.size",
    "Invalid value: 1024: must be between 2048 and 8192 for rsa keyAlgorithm",
  ],
  [
    "an RSA key has 8192 bits or less",
    { privateKey: { algorithm: "RSA", size: 16384 } },
    "spec.privateKey.size",
    "Invalid value: 16384: must be between 2048 and 8192 for rsa keyAlgorithm",
  ],
  [
    "an ECDSA key has a known curve",
    { privateKey: { algorithm: "ECDSA", size: 2048 } },
    "spec.privateKey.size",
    'Unsupported value: 2048: supported values: "256", "384", "521"',
  ],
  [
    "the key algorithm is known",
    { privateKey: { algorithm: "rsa", size: 1024 } },
    "spec.privateKey.algorithm",
    'Unsupported value: "rsa": supported values: "RSA", "ECDSA", "Ed25519"',
  ],
  [
    "the key encoding is known",
    { privateKey: { encoding: "PKCS12" } },
    "spec.privateKey.encoding",
    'Unsupported value: "PKCS12": supported values: "PKCS1", "PKCS8"',
  ],
  [
    "the rotation policy is known",
    { privateKey: { rotationPolicy: "Sometimes" } },
    "spec.privateKey.rotationPolicy",
    'Unsupported value: "Sometimes": supported values: "Never", "Always"',
  ],
  ["privateKey is a map", { privateKey: "RSA" }, "spec.privateKey", 'Invalid value: "string": must be of type object'],
  ["a usage is known", { usages: ["server auht"] }, "spec.usages[0]", 'Invalid value: "server auht": unknown keyusage'],
  [
    "encodeUsagesInRequest is a boolean",
    { encodeUsagesInRequest: "yes" },
    "spec.encodeUsagesInRequest",
    'Invalid value: "string": must be of type boolean',
  ],
  [
    "cert-manager's annotations are not for templates",
    { secretTemplate: { annotations: { "cert-manager.io/certificate-name": "x" } } },
    "spec.secretTemplate.annotations",
    'Invalid value: "cert-manager.io/certificate-name": cert-manager.io/* annotations are not allowed',
  ],
  [
    "a template's annotation has a qualified name",
    { secretTemplate: { annotations: { "a b": "x" } } },
    "spec.secretTemplate.annotations",
    `Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', ${startsAndEnds}`,
  ],
  [
    "a template's label has a qualified name",
    { secretTemplate: { labels: { "Example.com/team": "x" } } },
    "spec.secretTemplate.labels",
    `Invalid value: "Example.com/team": prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', ${startsAndEnds}`,
  ],
  [
    "a template's label value is short",
    { secretTemplate: { labels: { team: "x".repeat(64) } } },
    "spec.secretTemplate.labels",
    `Invalid value: "${"x".repeat(64)}": must be no more than 63 characters`,
  ],
  [
    "a template's label value is a word",
    { secretTemplate: { labels: { team: "-web" } } },
    "spec.secretTemplate.labels",
    `Invalid value: "-web": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', ${startsAndEnds}`,
  ],
  [
    "a template's label is a text",
    { secretTemplate: { labels: { team: true } } },
    "spec.secretTemplate.labels[team]",
    'Invalid value: "boolean": must be of type string',
  ],
];

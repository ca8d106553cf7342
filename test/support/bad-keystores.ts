import type { BadSpec } from "./bad-objects.ts";

const jks = { create: true, password: "changeit" };
const both = "must be provided for JKS keystores; cannot set both";
const oneMust = (name: string) =>
  `Forbidden: must set exactly one of passwordSecretRef and password for ${name} keystores`;
const ref = { name: "passwords", key: "jks" };

/** Rules on keystores and additionalOutputFormats. */
export const badKeystores: BadSpec[] = [
  ["a keystore has a password", { keystores: { jks: { create: true } } }, "spec.keystores.jks", oneMust("JKS")],
  [
    "a keystore that is not made has a password, too",
    { keystores: { pkcs12: { create: false } } },
    "spec.keystores.pkcs12",
    oneMust("PKCS#12"),
  ],
  [
    "a keystore has one password",
    { keystores: { jks: { ...jks, passwordSecretRef: ref } } },
    "spec.keystores.jks",
    `Forbidden: exactly one of passwordSecretRef and password ${both}`,
  ],
  [
    "a password is not empty",
    { keystores: { pkcs12: { create: true, password: "" } } },
    "spec.keystores.pkcs12.password",
    "Forbidden: literal password cannot be empty if set on PKCS#12 keystores",
  ],
  [
    "a keystore says whether it is made",
    { keystores: { jks: { password: "changeit" } } },
    "spec.keystores.jks.create",
    "Required value: must be specified",
  ],
  [
    "a password's secret has a key",
    { keystores: { jks: { create: true, passwordSecretRef: { name: "passwords" } } } },
    "spec.keystores.jks.passwordSecretRef.key",
    "Required value: secret key is required",
  ],
  [
    "a password's secret is no ARN",
    { keystores: { jks: { create: true, passwordSecretRef: { name: "arn:aws:x", key: "jks" } } } },
    "spec.keystores.jks.passwordSecretRef.name",
    'Invalid value: "(not shown)": must be the name of a secret in the resource\'s own namespace, not an ARN',
  ],
  [
    "a profile is known",
    { keystores: { pkcs12: { ...jks, profile: "Modern" } } },
    "spec.keystores.pkcs12.profile",
    'Unsupported value: "Modern": supported values: "LegacyRC2", "LegacyDES", "Modern2023", "Modern2026"',
  ],
  [
    "an alias is of PKCS#12's none",
    { keystores: { pkcs12: { ...jks, alias: "web" } } },
    "spec.keystores.pkcs12.alias",
    'unknown field "spec.keystores.pkcs12.alias"',
  ],
  [
    "an alias is short",
    { keystores: { jks: { ...jks, alias: "x".repeat(257) } } },
    "spec.keystores.jks.alias",
    "Too long: may not be more than 256 bytes",
  ],
  [
    "an output format is there once",
    { additionalOutputFormats: [{ type: "DER" }, { type: "CombinedPEM" }, { type: "DER" }] },
    "spec.additionalOutputFormats[type]",
    'Duplicate value: "DER"',
  ],
  [
    "an output format is known",
    { additionalOutputFormats: [{ type: "PEM" }] },
    "spec.additionalOutputFormats[0].type",
    'Unsupported value: "PEM": supported values: "DER", "CombinedPEM"',
  ],
  [
    "an output format has a type",
    { additionalOutputFormats: [{}] },
    "spec.additionalOutputFormats[0].type",
    "Required value: must be specified",
  ],
];

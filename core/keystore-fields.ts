import { quote, requiredValue, tooLong } from "./field-fault.ts";
import type { Fields, FieldTable } from "./field-reader.ts";
import { readOptionalSecretRef, type SecretRef } from "./secret-ref.ts";

/** The keystores to make; those with `create: false` are left out. */
export interface KeystoresSpec {
  /** The alias in lower case, as Java looks it up. */
  jks?: { alias: string; password: KeystorePassword };
  pkcs12?: { profile: KeystoreProfile; password: KeystorePassword };
}

/** Written in the spec, or a key of a stored secret of the Certificate's namespace. */
export type KeystorePassword = { literal: string } | { secretRef: SecretRef };

export type OutputFormat = "DER" | "CombinedPEM";

/** cert-manager's names of PKCS#12 algorithms (https://pkg.go.dev/software.sslmate.com/src/go-pkcs12). */
export const keystoreProfiles = ["LegacyRC2", "LegacyDES", "Modern2023", "Modern2026"] as const;
export type KeystoreProfile = (typeof keystoreProfiles)[number];

const outputFormats = ["DER", "CombinedPEM"] as const satisfies readonly OutputFormat[];
const storesTable: FieldTable = { jks: "read", pkcs12: "read" };
const passwordTable: FieldTable = { create: "read", password: "read", passwordSecretRef: "read" };
const jksTable: FieldTable = { ...passwordTable, alias: "read" };
const pkcs12Table: FieldTable = { ...passwordTable, profile: "read" };
const formatTable: FieldTable = { type: "read" };
const longestAlias = 256;

/** Reads spec.keystores with cert-manager's rules; no fault shows a password. */
export function readKeystores(fields: Fields): KeystoresSpec | undefined {
  const stores = fields.map("keystores", storesTable);
  const jks = stores?.map("jks", jksTable);
  const pkcs12 = stores?.map("pkcs12", pkcs12Table);
  const made: KeystoresSpec = {
    ...(jks && readOne(jks, "JKS", (password) => ({ jks: { alias: readAlias(jks), password } }))),
    ...(pkcs12 && readOne(pkcs12, "PKCS#12", (password) => ({ pkcs12: { profile: readProfile(pkcs12), password } }))),
  };
  return Object.keys(made).length > 0 ? made : undefined;
}

/** Reads spec.additionalOutputFormats; each type may be there once. */
export function readOutputFormats(fields: Fields): OutputFormat[] {
  const types = fields.maps("additionalOutputFormats", formatTable).flatMap((format) => {
    const type = format.oneOf("type", outputFormats);
    const fix = `write ${outputFormats.join(" or ")}`;
    if (!format.isSet("type")) format.fault("type", requiredValue("must be specified"), fix);
    return type ?? [];
  });
  for (const type of new Set(types.filter((one, index) => types.indexOf(one) !== index))) {
    const path = `${fields.at("additionalOutputFormats")}[type]`;
    fields.faultAt(path, `Duplicate value: ${quote(type)}`, "write each type once");
  }
  return [...new Set(types)];
}

function readOne(
  store: Fields,
  name: string,
  made: (password: KeystorePassword) => KeystoresSpec,
): KeystoresSpec | undefined {
  const create = store.flag("create");
  if (create === undefined && !store.isSet("create")) {
    store.fault("create", requiredValue("must be specified"), "write true, or false to make none");
  }
  const keystore = made(readPassword(store, name));
  return create ? keystore : undefined;
}

function readPassword(store: Fields, name: string): KeystorePassword {
  const literal = store.text("password");
  const secretRef = readOptionalSecretRef(store, "passwordSecretRef", wantedRef);
  const fix = "write password, or passwordSecretRef with name and key, and not both";
  if (store.is("password", "")) {
    const message = `Forbidden: literal password cannot be empty if set on ${name} keystores`;
    store.fault("password", message, "write a password, or name one with passwordSecretRef");
  } else if (literal !== undefined && secretRef) {
    const message = `Forbidden: exactly one of passwordSecretRef and password must be provided for ${name} keystores; cannot set both`;
    store.faultAt(store.path, message, fix);
  } else if (!store.isSet("password") && !secretRef) {
    const message = `Forbidden: must set exactly one of passwordSecretRef and password for ${name} keystores`;
    store.faultAt(store.path, message, fix);
  }
  return secretRef ? { secretRef } : { literal: literal ?? "" };
}

const wantedRef = { name: "secret name is required", key: "secret key is required" };

/** Java folds the aliases of this format to lower case when it looks one up. */
function readAlias(jks: Fields): string {
  const alias = jks.text("alias");
  if (Buffer.byteLength(alias ?? "") > longestAlias) {
    jks.fault("alias", tooLong(longestAlias), "write a shorter alias");
  }
  return (alias ?? "certificate").toLowerCase();
}

function readProfile(pkcs12: Fields): KeystoreProfile {
  return pkcs12.oneOf("profile", keystoreProfiles) ?? "LegacyRC2";
}

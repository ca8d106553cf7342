import { invalidValue, quote, requiredValue, tooLong } from "../field-fault.ts";
import type { Fields, FieldTable } from "../field-reader.ts";
import { qualifiedNameProblem } from "../kube-names.ts";
import { checkLabels } from "../secret-template.ts";
import type { BundleTarget } from "./bundle.ts";
import { readSelector } from "./selector-fields.ts";

/** Whose Bundle it is: trust-manager's has none of our fields. */
export type BundleSchema = "ours" | "trust-manager's";

const ours: FieldTable = { storedSecret: "read" };
const table: FieldTable = { configMap: "read", secret: "read", additionalFormats: "read", namespaceSelector: "read" };
const objectTable: FieldTable = { key: "read", metadata: "read" };
const metadataTable: FieldTable = { annotations: "read", labels: "read" };
const formatsTable: FieldTable = { jks: "read", pkcs12: "read" };
const jksTable: FieldTable = { key: "read", password: "read" };
const pkcs12Table: FieldTable = { ...jksTable, profile: "read" };
const keySyntax = /^[-._a-zA-Z0-9]{1,253}$/;
const reserved = ["trust.cert-manager.io/", "trust-manager.io/", "certwright.dev/"];
const longestPassword = 128;

type Formats = NonNullable<BundleTarget["additionalFormats"]>;
type TargetObject = NonNullable<BundleTarget["configMap"]>;

/** Reads spec.target of a Bundle. */
export function readBundleTarget(fields: Fields, schema: BundleSchema): BundleTarget {
  const target = fields.map("target", schema === "ours" ? { ...table, ...ours } : table);
  const where = ["configMap", "secret", ...(schema === "ours" ? ["storedSecret"] : [])];
  if (!(target && where.some((one) => target.isSet(one) && !target.is(one, false)))) {
    const why = `must define at least one target: ${where.join(", ")}`;
    fields.fault("target", requiredValue(why), "add configMap: {key: ca-bundle.crt}");
  }
  if (!target) return { storedSecret: false };
  const configMap = readObject(target, "configMap");
  const secret = readObject(target, "secret");
  const additionalFormats = readFormats(target);
  const namespaceSelector = readSelector(target, "namespaceSelector");
  checkKeys(target, [configMap, secret], additionalFormats);
  return {
    ...(configMap === undefined ? {} : { configMap }),
    ...(secret === undefined ? {} : { secret }),
    ...(additionalFormats === undefined ? {} : { additionalFormats }),
    ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
    storedSecret: (schema === "ours" && target.flag("storedSecret")) || false,
  };
}

/** Reads `key`, a key of a ConfigMap or Secret; `missing` says that it must be there. */
export function readKey(fields: Fields, missing: string): string {
  const key = fields.text("key");
  const fix = "write the key inside that object, such as ca.crt";
  if (!fields.isSet("key")) fields.fault("key", requiredValue(missing), fix);
  if (key !== undefined && !keySyntax.test(key)) {
    const why = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    fields.fault("key", invalidValue(quote(key), why), fix);
  }
  return key ?? "";
}

function readObject(target: Fields, field: "configMap" | "secret"): TargetObject | undefined {
  const object = target.map(field, objectTable);
  if (!object) return undefined;
  const metadata = object.map("metadata", metadataTable);
  const key = readKey(object, `target ${field} key must be defined`);
  if (!metadata) return { key };
  const [annotations, labels] = [metadata.textMap("annotations"), metadata.textMap("labels")];
  checkLabels(labels, metadata.at("labels"), metadata);
  checkNames(metadata, "annotations", annotations);
  checkReserved(metadata, "annotations", annotations);
  checkReserved(metadata, "labels", labels);
  return { key, metadata: { annotations, labels } };
}

function checkNames(metadata: Fields, field: "annotations", map: Record<string, string>): void {
  for (const name of Object.keys(map)) {
    const problem = qualifiedNameProblem(name.toLowerCase());
    if (problem === undefined) continue;
    metadata.fault(field, invalidValue(quote(name), problem), "write a key such as example.com/note");
  }
}

function checkReserved(metadata: Fields, field: "annotations" | "labels", map: Record<string, string>): void {
  for (const name of Object.keys(map)) {
    const prefix = reserved.find((one) => name.startsWith(one));
    if (prefix === undefined) continue;
    metadata.fault(field, invalidValue(quote(name), `${prefix}* ${field} are not allowed`), "remove it");
  }
}

function readFormats(target: Fields): Formats | undefined {
  const formats = target.map("additionalFormats", formatsTable);
  if (!formats) return undefined;
  const jks = formats.map("jks", jksTable);
  const pkcs12 = formats.map("pkcs12", pkcs12Table);
  if (!(formats.isSet("jks") || formats.isSet("pkcs12"))) {
    const why = "at least one of the fields in [jks pkcs12] must be set";
    formats.faultAt(formats.path, invalidValue('"(object)"', why), "add jks or pkcs12, or remove additionalFormats");
  }
  const missing = "the key of the target must be defined";
  return {
    ...(jks && { jks: { key: readKey(jks, missing), password: readPassword(jks) ?? "changeit" } }),
    ...(pkcs12 && {
      pkcs12: {
        key: readKey(pkcs12, missing),
        password: readPassword(pkcs12) ?? "",
        profile: pkcs12.oneOf("profile", ["LegacyRC2", "LegacyDES", "Modern2023"]) ?? "LegacyRC2",
      },
    }),
  };
}

/** Java reads no JKS with an empty password; PKCS#12 may go without. */
function readPassword(format: Fields): string | undefined {
  const password = format.text("password");
  if (format.path.endsWith(".jks") && format.is("password", "")) {
    format.fault("password", invalidValue('""', "should be at least 1 chars long"), "remove it for changeit");
  }
  if (password !== undefined && password.length > longestPassword) {
    format.fault("password", tooLong(longestPassword), "write a shorter password: it protects nothing secret");
  }
  return password;
}

/** The formats lie beside the PEM text in the same object. */
function checkKeys(target: Fields, objects: (TargetObject | undefined)[], formats: Formats | undefined): void {
  const taken = objects.flatMap((object) => object?.key ?? []);
  for (const format of ["jks", "pkcs12"] as const) {
    const key = formats?.[format]?.key;
    if (key === undefined || key === "") continue;
    if (taken.includes(key)) {
      const path = `${target.at("additionalFormats")}.${format}.key`;
      target.faultAt(path, invalidValue(quote(key), "key must be unique across all target output keys"), "rename it");
    }
    taken.push(key);
  }
}

import { invalidValue, quote, requiredValue } from "../field-fault.ts";
import type { Fields, FieldTable } from "../field-reader.ts";
import { subdomainProblem } from "../kube-names.ts";
import { readObjectName } from "../object-name.ts";
import type { BundleSource, BundleSpec, SourceObject } from "./bundle.ts";
import { type BundleSchema, readBundleTarget, readKey } from "./bundle-target-fields.ts";
import { readSelector } from "./selector-fields.ts";

const ourFields: FieldTable = { clusters: "read" };
const ourSources: FieldTable = { issuer: "read" };
const sourceTable: FieldTable = { configMap: "read", secret: "read", inLine: "read", useDefaultCAs: "read" };
const objectTable: FieldTable = { name: "read", selector: "read", key: "read", includeAllKeys: "read" };
const issuerTable: FieldTable = { kind: "read", name: "read", namespace: "read" };
const mostSources = 100;

/** What is written: it must not be what is read. */
type Own = { name: string } & Pick<BundleSpec, "target">;

/** The fields of `spec` of a Bundle. */
export function bundleTable(schema: BundleSchema): FieldTable {
  return { sources: "read", target: "read", ...(schema === "ours" ? ourFields : {}) };
}

/** Reads the spec of a Bundle with trust-manager's rules; it is usable only when no fault was found. `name`: the Bundle's. */
export function readBundleSpec(fields: Fields, schema: BundleSchema, name: string): BundleSpec {
  const clusters = readClusters(fields);
  const target = readBundleTarget(fields, schema);
  const sources = readSources(fields, schema, { name, target });
  return { ...(clusters === undefined ? {} : { clusters }), sources, target };
}

function readClusters(fields: Fields): string[] | undefined {
  if (fields.is("clusters", undefined)) return undefined;
  return fields.texts("clusters").map(({ path, text }) => {
    const problem = subdomainProblem(text);
    if (problem !== undefined) fields.faultAt(path, invalidValue(quote(text), problem), "write the name of a Cluster");
    return text;
  });
}

function readSources(fields: Fields, schema: BundleSchema, own: Own): BundleSource[] {
  const table = schema === "ours" ? { ...sourceTable, ...ourSources } : sourceTable;
  const sources = fields.maps("sources", table).flatMap((source) => readSource(source, Object.keys(table), own) ?? []);
  const defaults = sources.filter((source) => "useDefaultCAs" in source);
  const fix = "add a source, such as {useDefaultCAs: true}";
  if (!fields.isSet("sources")) fields.fault("sources", requiredValue("must define at least one source"), fix);
  if (sources.length > 0 && sources.every((source) => "useDefaultCAs" in source && !source.useDefaultCAs)) {
    fields.fault("sources", "Forbidden: must define at least one source", fix);
  }
  if (defaults.length > 1) {
    const words = `must request default CAs either once or not at all but got ${defaults.length} requests`;
    fields.fault("sources", `Forbidden: ${words}`, "keep one of them");
  }
  if (sources.length > mostSources) {
    const message = `Too many: ${sources.length}: must have at most ${mostSources} items`;
    fields.fault("sources", message, "use selectors, or a second Bundle");
  }
  return sources;
}

function readSource(source: Fields, types: string[], own: Own): BundleSource | undefined {
  const [type, ...more] = types.filter((one) => source.isSet(one));
  if (type === undefined || more.length > 0) {
    const why = `exactly one of the fields in [${types.join(" ")}] must be set`;
    source.faultAt(source.path, invalidValue('"(object)"', why), `write one of ${types.join(", ")} for each source`);
    return undefined;
  }
  switch (type) {
    case "configMap":
      return readObject(source, type, own, (configMap) => ({ configMap }));
    case "secret":
      return readObject(source, type, own, (secret) => ({ secret }));
    case "inLine":
      return { inLine: source.text(type) ?? "" };
    case "issuer":
      return readIssuer(source);
    default:
      return { useDefaultCAs: source.flag("useDefaultCAs") ?? true };
  }
}

function readObject(
  source: Fields,
  type: "configMap" | "secret",
  own: Own,
  as: (object: SourceObject) => BundleSource,
): BundleSource | undefined {
  const object = source.map(type, objectTable);
  if (!object) return undefined;
  const selector = readSelector(object, "selector");
  if (object.isSet("name") === (selector !== undefined)) {
    const why = "exactly one of the fields in [name selector] must be set";
    object.faultAt(object.path, invalidValue('"(object)"', why), `name one ${type}, or select some by their labels`);
  }
  const which = selector ? { selector } : { name: object.isSet("name") ? readObjectName(object, "name", named) : "" };
  const read = { ...which, ...readKeys(object, type) };
  if ("name" in read && "key" in read && read.name === own.name && read.key === own.target[type]?.key) {
    object.faultAt(
      object.path,
      "Forbidden: cannot define the same source as target",
      "rename the Bundle or the source",
    );
  }
  return as(read);
}

const named = "write the name of an object in the trust namespace";

function readKeys(object: Fields, type: "configMap" | "secret"): { key: string } | { includeAllKeys: true } {
  const all = object.flag("includeAllKeys") ?? false;
  if (all && object.isSet("key")) {
    const why = `source ${type} key cannot be defined when includeAllKeys is true`;
    object.fault("key", invalidValue(quote(object.text("key") ?? ""), why), "keep key or includeAllKeys");
  }
  if (all) return { includeAllKeys: true };
  return { key: readKey(object, `source ${type} key must be defined when includeAllKeys is false`) };
}

function readIssuer(source: Fields): BundleSource | undefined {
  const issuer = source.map("issuer", issuerTable);
  if (!issuer) return undefined;
  const fix = "write Issuer or ClusterIssuer";
  if (!issuer.isSet("kind")) issuer.fault("kind", requiredValue("must be specified"), fix);
  const kind = issuer.oneOf("kind", ["Issuer", "ClusterIssuer"]) ?? "ClusterIssuer";
  const name = readObjectName(issuer, "name", "write the name of the issuer");
  if (kind === "ClusterIssuer") {
    if (issuer.isSet("namespace") && issuer.is("kind", kind)) {
      issuer.fault("namespace", "Forbidden: a ClusterIssuer has no namespace", "remove it, or write kind: Issuer");
    }
    return { issuer: { kind, name } };
  }
  return { issuer: { kind, name, namespace: readObjectName(issuer, "namespace", "write the Issuer's namespace") } };
}

import { checkAnnotationNames, readCertificateOptions } from "./annotations.ts";
import { apiVersionsOf, ownApiVersion } from "./api-versions.ts";
import {
  type CertificateSpec,
  certificateTable,
  ownCertificateTable,
  readCertificateSpec,
  readTargets,
} from "./certificate.ts";
import type { DnsAdapters } from "./dns-adapter.ts";
import { type FieldFault, invalidValue, quote, unsupportedValue } from "./field-fault.ts";
import { type Fields, type FieldTable, isMap, readFields, readTextMap } from "./field-reader.ts";
import { type IssuerSpec, issuerTable, readIssuerSpec } from "./issuer.ts";
import { readDnsPersist, readIssuerOptions } from "./issuer-options.ts";
import { labelProblem, subdomainProblem } from "./kube-names.ts";
import type { BundleSpec } from "./kubernetes/bundle.ts";
import { bundleTable, readBundleSpec } from "./kubernetes/bundle-fields.ts";
import type { ClusterSpec } from "./kubernetes/cluster.ts";
import { clusterTable, readClusterSpec } from "./kubernetes/cluster-fields.ts";
import { readMap } from "./map-text.ts";
import { readRequestSpec, requestTable } from "./own-csr/request-spec.ts";
import type { StoredRequest } from "./ports.ts";
import { readRateLimits } from "./rate-limits-annotation.ts";
import { clusterNamespace, isClusterScoped, type Resource, type ResourceKey } from "./resource.ts";
import { checkLabels } from "./secret-template.ts";
import type { Solver } from "./solver.ts";
import { specHash } from "./spec-hash.ts";

/** A stored object after parsing, or everything that is wrong with it. */
export type ParsedAs<Spec> =
  | { ok: true; resource: Resource<Spec> }
  /** At most fifty faults: who mends those sees the next. */
  | { ok: false; faults: FieldFault[]; specHash: string };

/** The spec by `resource.key.kind`. */
export type Parsed = ParsedAs<CertificateSpec> | ParsedAs<IssuerSpec> | ParsedAs<ClusterSpec> | ParsedAs<BundleSpec>;

const mostFaults = 50;

/** Parses an object of any kind; never throws. `adapters`: the DNS providers that an issuer may name. */
export function parseRequest(stored: StoredRequest, adapters: DnsAdapters): Parsed {
  switch (stored.key.kind) {
    case "Certificate":
    case "CertificateRequest":
      return parseCertificate(stored);
    case "Cluster":
      return parseCluster(stored);
    case "Bundle":
      return parseBundle(stored);
    default:
      return parseIssuer(stored, adapters);
  }
}

/** Parses a Certificate, or a CertificateRequest as the Certificate that its CSR asks for; never throws. */
export function parseCertificate(stored: StoredRequest): ParsedAs<CertificateSpec> {
  if (stored.key.kind === "CertificateRequest") return parse(stored, requestTable, readRequestSpec);
  const table = isOurs(stored) ? ownCertificateTable : certificateTable;
  return parse(stored, table, (fields, annotations, faults) => ({
    ...readCertificateSpec(fields),
    options: readTargets(fields, readCertificateOptions(annotations, faults)),
  }));
}

/** Parses an Issuer or ClusterIssuer; never throws. */
export function parseIssuer(stored: StoredRequest, adapters: DnsAdapters): ParsedAs<IssuerSpec> {
  return parse(stored, issuerTable, (fields, annotations, faults) => {
    const read = readIssuerSpec(fields, stored.key.kind, adapters);
    const spec = readDnsPersist(annotations, faults) ? persisting(read) : read;
    const rateLimits = readRateLimits(annotations, faults);
    const options = readIssuerOptions(annotations, fields.isSet("acme"), faults);
    return (
      spec && {
        ...spec,
        ...(rateLimits === undefined ? {} : { rateLimits }),
        ...(options === undefined ? {} : { options }),
      }
    );
  });
}

function persisting(spec: IssuerSpec | undefined): IssuerSpec | undefined {
  if (!spec?.acme) return spec;
  const solvers = spec.acme.solvers.map((solver): Solver => (solver.dns01 ? { ...solver, persist: true } : solver));
  return { ...spec, acme: { ...spec.acme, solvers } };
}

/** Parses a Cluster; never throws. */
export function parseCluster(stored: StoredRequest): ParsedAs<ClusterSpec> {
  return parse(stored, clusterTable, readClusterSpec);
}

/** Parses a Bundle, ours or trust-manager's; never throws. */
export function parseBundle(stored: StoredRequest): ParsedAs<BundleSpec> {
  const schema = isOurs(stored) ? "ours" : "trust-manager's";
  return parse(stored, bundleTable(schema), (fields) => readBundleSpec(fields, schema, stored.key.name));
}

/** One whose apiVersion nobody knows is not told of fields that may be right. */
function isOurs({ apiVersion, key }: StoredRequest): boolean {
  return (apiVersion ?? ownApiVersion) === ownApiVersion || !apiVersionsOf(key.kind).some((one) => one === apiVersion);
}

type ReadSpec<Spec> = (fields: Fields, annotations: Record<string, string>, faults: FieldFault[]) => Spec | undefined;

function parse<Spec>(stored: StoredRequest, table: FieldTable, readSpec: ReadSpec<Spec>): ParsedAs<Spec> {
  const faults: FieldFault[] = [];
  const { key } = stored;
  const apiVersion = readApiVersion(stored, faults);
  checkKey(key, faults);
  const { labels, annotations } = readMetadata(stored, faults);
  checkAnnotationNames(key.kind, annotations, faults);
  const written = readMap(stored.spec, "spec");
  const fields = openSpec(written, table, faults);
  const spec = fields && readSpec(fields, annotations, faults);
  const hash = specHash(stored, written);
  if (spec === undefined || faults.length > 0)
    return { ok: false, faults: faults.slice(0, mostFaults), specHash: hash };
  return { ok: true, resource: { apiVersion, key, labels, annotations, spec, specHash: hash } };
}

function openSpec(read: ReturnType<typeof readMap>, table: FieldTable, faults: FieldFault[]): Fields | undefined {
  if ("fault" in read) {
    faults.push(read.fault);
    return undefined;
  }
  if (typeof read.map.apiVersion === "string" && isMap(read.map.spec)) {
    const fix = "store what stands under spec: here, and the object's metadata in the attribute metadata";
    faults.push({ path: "spec", message: invalidValue('"(object)"', "is a whole object, not its spec"), fix });
    return undefined;
  }
  return readFields(read.map, "spec", table, faults);
}

function readApiVersion({ apiVersion, key }: StoredRequest, faults: FieldFault[]): string {
  const versions = apiVersionsOf(key.kind);
  const known = versions.find((version) => version === (apiVersion ?? ownApiVersion));
  if (known !== undefined) return known;
  const shown = typeof apiVersion === "string" ? quote(apiVersion) : '"(no text)"';
  const fix = `write ${versions.join(" or ")}`;
  faults.push({ path: "apiVersion", message: unsupportedValue(shown, versions), fix });
  return "";
}

function checkKey({ namespace, kind, name }: ResourceKey, faults: FieldFault[]): void {
  const namespacePath = "metadata.namespace";
  if (isClusterScoped(kind)) {
    const message = invalidValue(quote(namespace), `a ${kind} lives in the namespace _cluster`);
    const fix = `write it to the namespace _cluster${kind === "ClusterIssuer" ? ", or make it an Issuer" : ""}`;
    if (namespace !== clusterNamespace) faults.push({ path: namespacePath, message, fix });
  } else if (namespace.startsWith("_")) {
    const message = invalidValue(quote(namespace), "namespaces that start with _ are reserved");
    faults.push({ path: namespacePath, message, fix: "write it to a namespace of your own" });
  } else {
    const problem = labelProblem(namespace);
    const fix = "use a namespace such as web: letters, digits and -";
    if (problem !== undefined)
      faults.push({ path: namespacePath, message: invalidValue(quote(namespace), problem), fix });
  }
  const problem = subdomainProblem(name);
  const fix = `write the sort key as ${kind}/name with a name such as www`;
  if (problem !== undefined) faults.push({ path: "metadata.name", message: invalidValue(quote(name), problem), fix });
}

/** Only labels and annotations count; what else kubectl prints there is ignored, but a name that contradicts the key is not. */
function readMetadata(
  { metadata, key }: StoredRequest,
  faults: FieldFault[],
): { labels: Record<string, string>; annotations: Record<string, string> } {
  if (metadata === undefined || metadata === null || metadata === "") return { labels: {}, annotations: {} };
  const read = readMap(metadata, "metadata");
  if ("fault" in read) {
    faults.push(read.fault);
    return { labels: {}, annotations: {} };
  }
  const labels = readTextMap(read.map.labels, "metadata.labels", faults);
  checkLabels(labels, "metadata.labels", { faultAt: (path, message, fix) => void faults.push({ path, message, fix }) });
  for (const part of ["name", "namespace"] as const) {
    const written = read.map[part] ?? undefined;
    const isCluster = part === "namespace" && isClusterScoped(key.kind);
    if (written === undefined || written === key[part] || (isCluster && written === "")) continue;
    const message = invalidValue(
      typeof written === "string" ? quote(written) : '"(no text)"',
      `must be ${quote(key[part])}, as in the key`,
    );
    faults.push({ path: `metadata.${part}`, message, fix: "remove it, or write it as in the table's key" });
  }
  return { labels, annotations: readTextMap(read.map.annotations, "metadata.annotations", faults) };
}

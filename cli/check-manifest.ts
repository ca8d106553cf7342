import * as dnsAdapters from "../adapters/dns/index.ts";
import { ownApiVersion } from "../core/api-versions.ts";
import { type FieldFault, invalidValue, quote, requiredValue, unsupportedValue } from "../core/field-fault.ts";
import { openTexts } from "../core/map-text.ts";
import { changedSince, madeOf } from "../core/own-csr/request-row.ts";
import type { StoredRequest } from "../core/ports.ts";
import { parseCertificate, parseRequest } from "../core/request.ts";
import { clusterNamespace, isClusterScoped, type Kind, kinds } from "../core/resource.ts";
import { asMap, asWritten } from "./as-written.ts";
import { printedKey } from "./kinds.ts";
import type { Manifest } from "./manifest.ts";

// A file may have a text where a map belongs.
await openTexts("a text");

/** An object that may be written. */
export interface Accepted {
  request: StoredRequest & { apiVersion: string; metadata: { labels?: unknown; annotations?: unknown } };
  specHash: string;
  file: string;
  line: number;
}

/** One thing wrong with an object, where it stands and what to do. */
export interface ManifestFault {
  file: string;
  line: number;
  /** `certificate/web` */
  object?: string;
  /** `spec.dnsNames[0]` */
  path: string;
  message: string;
  fix?: string;
}

/** Checks one object as the installation will; `namespace` is what -n says, which must not contradict the object. */
export function checkManifest(
  manifest: Manifest,
  namespace: string | undefined,
): { accepted: Accepted } | { faults: ManifestFault[] } {
  const head = headOf(manifest);
  if ("faults" in head) return head;
  const object = asMap(manifest.value);
  const metadata = asMap(object.metadata);
  const request = {
    key: { namespace: namespaceOf(head.kind, metadata.namespace, namespace), ...head },
    apiVersion: String(object.apiVersion),
    metadata: { ...pick(metadata, "labels"), ...pick(metadata, "annotations") },
    spec: object.spec,
  };
  const parsed = parseRequest(request, dnsAdapters);
  const faults = [...contradiction(metadata.namespace, head.kind, namespace), ...(parsed.ok ? [] : parsed.faults)].map(
    ({ path, message, fix }) => ({ ...place(manifest, path), object: printedKey(head), message, fix }),
  );
  if (faults.length > 0 || !parsed.ok) return { faults };
  const { file, line } = place(manifest, "");
  return { accepted: { request, specHash: parsed.resource.specHash, file, line } };
}

/** Whether a stored request already says exactly this: spec, labels, annotations and apiVersion. */
export function saysTheSame(stored: StoredRequest, { request, specHash }: Accepted): boolean {
  const parsed = parseRequest(stored, dnsAdapters);
  const before = asWritten(stored);
  const wanted = asWritten(request);
  return (
    (parsed.ok ? parsed.resource.specHash : parsed.specHash) === specHash &&
    before.apiVersion === wanted.apiVersion &&
    sameTexts(before.labels, wanted.labels) &&
    sameTexts(before.annotations, wanted.annotations)
  );
}

/** Why an object that is there may not become this one: cert-manager takes no change of a CertificateRequest. */
export function mayNotBecome(stored: StoredRequest, { request }: Accepted): string | undefined {
  if (request.key.kind !== "CertificateRequest") return undefined;
  const [before, wanted] = [parseCertificate(stored), parseCertificate(request)];
  return before.ok && wanted.ok ? changedSince(madeOf(before.resource), madeOf(wanted.resource)) : undefined;
}

/** Kind and name: without them there is no object to speak of. */
function headOf(manifest: Manifest): { kind: Kind; name: string } | { faults: ManifestFault[] } {
  const object = asMap(manifest.value);
  const { name } = asMap(object.metadata);
  const kind = kinds.find((known) => known === object.kind);
  const faults: ManifestFault[] = [];
  const fault = (path: string, message: string, fix: string) => faults.push({ ...place(manifest, path), message, fix });
  if (object.kind === undefined)
    fault("kind", requiredValue("every object has a kind"), `write one of ${kinds.join(", ")}`);
  else if (!kind) fault("kind", unsupportedValue(show(object.kind), kinds), "remove the object from the file");
  if (object.apiVersion === undefined)
    fault("apiVersion", requiredValue("every object has an apiVersion"), `write apiVersion: ${apiVersionOf(kind)}`);
  if (typeof name !== "string" || name === "")
    fault(
      "metadata.name",
      requiredValue("every object has a name"),
      "write metadata.name; generateName is not supported",
    );
  return kind && typeof name === "string" && faults.length === 0 ? { kind, name } : { faults };
}

/** cert-manager has no Clusters, and trust-manager's Bundles lack our fields. */
function apiVersionOf(kind: Kind | undefined): string {
  return kind === "Cluster" || kind === "Bundle" ? ownApiVersion : "cert-manager.io/v1";
}

function namespaceOf(kind: Kind, own: unknown, asked: string | undefined): string {
  if (isClusterScoped(kind)) return clusterNamespace;
  return typeof own === "string" && own !== "" ? own : (asked ?? "default");
}

function contradiction(own: unknown, kind: Kind, asked: string | undefined): FieldFault[] {
  if (isClusterScoped(kind) || asked === undefined || own === undefined || own === asked) return [];
  const message = invalidValue(show(own), `-n says ${show(asked)}`);
  return [{ path: "metadata.namespace", message, fix: "drop one of the two" }];
}

function place(manifest: Manifest, path: string): { file: string; line: number; path: string } {
  return { file: manifest.file, line: manifest.lineOf(partsOf(path)), path };
}

/** `spec.dnsNames[0]` and `metadata.annotations[example.com/a]` as parts. */
function partsOf(path: string): string[] {
  return [...path.matchAll(/\[([^\]]*)\]|[^.[\]]+/g)].map(([part, inner]) => (inner ?? part).replace(/^"|"$/g, ""));
}

function pick(map: Record<string, unknown>, key: string): Record<string, unknown> {
  return map[key] === undefined || map[key] === null ? {} : { [key]: map[key] };
}

function show(value: unknown): string {
  return quote(typeof value === "string" ? value : String(JSON.stringify(value)));
}

function sameTexts(a: Record<string, string>, b: Record<string, string>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

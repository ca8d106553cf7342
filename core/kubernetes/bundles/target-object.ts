import { createHash } from "node:crypto";
import type { Deps } from "../../deps.ts";
import { RefusedError } from "../../errors.ts";
import type { BundleTarget } from "../bundle.ts";
import type { FieldPath } from "../ownership.ts";
import type { KubernetesObject } from "../port.ts";
import { type Pool, pemOf } from "./pool.ts";

export type TargetKind = "ConfigMap" | "Secret";

export const bundleAnnotations = {
  /** The Bundle's name. */
  bundle: "certwright.dev/bundle",
  /** Of what the object is made from: truststores have salts, so that their bytes tell nothing. */
  hash: "certwright.dev/bundle-hash",
} as const;

/** One kind of object of a Bundle, the same in every namespace. */
export interface TargetObject {
  kind: TargetKind;
  /** Called like the Bundle. */
  name: string;
  /** Hex. */
  hash: string;
  /** The fields that are ours in it. */
  paths: FieldPath[];
  /** Makes the truststores when the first object is written. Throws RefusedError ObjectTooLarge. */
  object(namespace: string): Promise<KubernetesObject>;
}

/** Raised when the same input gives other objects than before. */
const format = 1;
const mostBytes = 1024 * 1024;

/** A file of a bundle by its key. */
type Files = Record<string, { bytes: Buffer; isText: boolean }>;

/** The objects that a target wants. */
export function targetObjects(trust: Deps["trust"], name: string, target: BundleTarget, pool: Pool): TargetObject[] {
  const formats = once(() => truststores(trust, target, pool));
  const wanted = [
    { kind: "ConfigMap", template: target.configMap },
    { kind: "Secret", template: target.secret },
  ] as const;
  return wanted.flatMap(({ kind, template }) => {
    if (!template) return [];
    const { annotations = {}, labels = {} } = template.metadata ?? {};
    const hash = hashOf([kind, template.key, sorted(annotations), sorted(labels)], target, pool);
    const own = { [bundleAnnotations.bundle]: name, [bundleAnnotations.hash]: hash };
    const metadata = { annotations: { ...annotations, ...own }, labels };
    const object = async (namespace: string): Promise<KubernetesObject> => {
      const files = { [template.key]: textFile(pemOf(pool)), ...(await formats()) };
      mustFit(files, `${kind} ${namespace}/${name}`);
      return { apiVersion: "v1", kind, metadata: { name, namespace, ...metadata }, ...dataOf(kind, files) };
    };
    return [{ kind, name, hash, paths: pathsOf(kind, template.key, target, metadata), object }];
  });
}

/** Of what a truststore or object is made from; `more`: what else makes another one of it. */
export function hashOf(more: unknown[], { additionalFormats = {} }: BundleTarget, { certificates }: Pool): string {
  const { jks, pkcs12 } = additionalFormats;
  const formats = [jks && [jks.key, jks.password], pkcs12 && [pkcs12.key, pkcs12.password, pkcs12.profile]];
  const parts = [format, more, formats, certificates.map(({ hash }) => hash)];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** The files beside the PEM text. */
export async function truststores(trust: Deps["trust"], target: BundleTarget, pool: Pool): Promise<Files> {
  const ders = pool.certificates.map(({ der }) => der);
  const { jks, pkcs12 } = target.additionalFormats ?? {};
  const files: Files = {};
  if (jks) files[jks.key] = binaryFile(await trust.jks(ders, jks.password));
  if (pkcs12) files[pkcs12.key] = binaryFile(await trust.pkcs12(ders, pkcs12.password, pkcs12.profile));
  return files;
}

function textFile(text: string): Files[string] {
  return { bytes: Buffer.from(text), isText: true };
}

function binaryFile(bytes: Uint8Array): Files[string] {
  return { bytes: Buffer.from(bytes), isText: false };
}

/** A ConfigMap holds text as text and the rest beside it; a Secret all in base64. */
function dataOf(kind: TargetKind, files: Files): { data?: object; binaryData?: object } {
  const entries = Object.entries(files);
  const inBase64 = (all: typeof entries) =>
    Object.fromEntries(all.map(([key, { bytes }]) => [key, bytes.toString("base64")]));
  if (kind === "Secret") return { data: inBase64(entries) };
  const [texts, others] = [entries.filter(([, { isText }]) => isText), entries.filter(([, { isText }]) => !isText)];
  const data = Object.fromEntries(texts.map(([key, { bytes }]) => [key, bytes.toString()]));
  return { data, ...(others.length > 0 && { binaryData: inBase64(others) }) };
}

function pathsOf(
  kind: TargetKind,
  key: string,
  { additionalFormats = {} }: BundleTarget,
  metadata: { annotations: object; labels: object },
): FieldPath[] {
  const binaries = Object.values(additionalFormats).map((one) => one.key);
  return [
    ["data", key],
    ...binaries.map((one) => [kind === "Secret" ? "data" : "binaryData", one]),
    ...Object.keys(metadata.annotations).map((one) => ["metadata", "annotations", one]),
    ...Object.keys(metadata.labels).map((one) => ["metadata", "labels", one]),
  ];
}

function mustFit(files: Files, what: string): void {
  const bytes = Object.values(files).reduce((sum, one) => sum + one.bytes.length, 0);
  if (bytes <= mostBytes) return;
  throw new RefusedError({
    reason: "ObjectTooLarge",
    message: `${what} would hold ${bytes} bytes; Kubernetes takes 1 MiB`,
    fix: "leave out additionalFormats, or make two Bundles of it",
  });
}

function sorted(map: Record<string, string>): [string, string][] {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
}

function once<Out>(make: () => Promise<Out>): () => Promise<Out> {
  let made: Promise<Out> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

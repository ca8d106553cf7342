import { createHash } from "node:crypto";
import { annotationNames, temporaryCertificate } from "./annotations.ts";
import { apiVersionsOf, ownApiVersion } from "./api-versions.ts";
import { isMap } from "./field-reader.ts";
import { isInstant } from "./instant.ts";
import { readMap } from "./map-text.ts";
import type { StoredRequest } from "./ports.ts";
import { familyOf, type Kind } from "./resource.ts";
import { isRevocationWish } from "./revocation/wish.ts";

const deepest = 64;

/**
 * A hash of what an object asks for, however it is written (map, JSON, YAML, any key order): spec, labels, and our annotations
 * but the verbs renew and revoke. Whatever may be refused is part of it, so that a correction always changes it. Never throws.
 * `spec` saves reading a text twice.
 */
export function specHash(stored: StoredRequest, spec = readMap(stored.spec, "spec")): string {
  const asked = {
    spec: "map" in spec ? spec.map : { unread: stored.spec },
    metadata: metadataOf(stored),
    apiVersion: saysNothing(stored, spec) ? undefined : stored.apiVersion,
  };
  return createHash("sha256").update(canonical(asked)).digest("base64url").slice(0, 22);
}

/** Whether the same spec and metadata mean the same under our own apiVersion. */
function saysNothing({ apiVersion, key }: StoredRequest, spec: ReturnType<typeof readMap>): boolean {
  if (apiVersion === ownApiVersion) return true;
  const known = familyOf(key.kind) !== "kubernetes" && apiVersionsOf(key.kind).some((one) => one === apiVersion);
  return known && !("map" in spec && Object.hasOwn(spec.map, "targets"));
}

function metadataOf(stored: StoredRequest): unknown {
  if (stored.metadata === undefined || stored.metadata === null || stored.metadata === "") return undefined;
  const read = readMap(stored.metadata, "metadata");
  if (!("map" in read)) return { unread: stored.metadata };
  const { annotations, labels, name, namespace } = read.map;
  return emptyAsAbsent({
    labels: emptyAsAbsent(labels),
    annotations: emptyAsAbsent(
      isMap(annotations)
        ? Object.fromEntries(Object.entries(annotations).filter(decidesIn(stored.key.kind)))
        : annotations,
    ),
    name: name === stored.key.name ? undefined : name,
    namespace: namespace === stored.key.namespace ? undefined : namespace,
  });
}

/** Nothing that cert-manager reads of a CertificateRequest may change. */
function decidesIn(kind: Kind): (entry: [string, unknown]) => boolean {
  return kind === "CertificateRequest"
    ? (entry) => decides(entry) || /^(acme\.)?cert-manager\.io/.test(entry[0])
    : decides;
}

function decides([name, value]: [string, unknown]): boolean {
  if (name === annotationNames.renewRequestedAt) return typeof value !== "string" || !isInstant(value);
  if (name === annotationNames.revokeRequested) return !isRevocationWish(value);
  return typeof value !== "string" || name.startsWith("certwright.dev/") || name === temporaryCertificate;
}

function emptyAsAbsent(value: unknown): unknown {
  return isMap(value) && Object.values(value).every((content) => content === undefined) ? undefined : value;
}

/** JSON with sorted keys, without what is null or undefined; deeper than anything we read, it stops looking. */
function canonical(value: unknown, depth = 0): string {
  if (depth > deepest) return '"too deep"';
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(",")}]`;
  if (value instanceof Set)
    return `set[${[...value]
      .map((item) => canonical(item, depth + 1))
      .sort()
      .join(",")}]`;
  if (isMap(value)) {
    const entries = Object.entries(value).filter(([, content]) => content !== null && content !== undefined);
    const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${sorted.map(([name, content]) => `${JSON.stringify(name)}:${canonical(content, depth + 1)}`).join(",")}}`;
  }
  return typeof value === "bigint" ? value.toString() : (JSON.stringify(value) ?? "null");
}

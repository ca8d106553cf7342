import * as z from "zod/mini";
import { ownApiVersion } from "./api-versions.ts";
import type { Deps } from "./deps.ts";
import { PermanentError } from "./errors.ts";
import { openTexts } from "./map-text.ts";
import { parseRequest } from "./request.ts";
import type { ResourceKey } from "./resource.ts";

/** An order on the installation's own bus (docs/events/certificate-requested.v1.schema.json). */
export const orderEvent = z.object({
  "detail-type": z.enum(["Certificate Requested", "Certificate Deletion Requested"]),
  source: z.string(),
  detail: z.record(z.string(), z.unknown()),
});
export type OrderEvent = z.infer<typeof orderEvent>;

const sourcePrefix = "certwright.namespace.";

/**
 * Writes an order from the bus into Requests. The namespace is the event's source, which IAM fences (events:source), never
 * its detail. An object whose spec is wrong is written all the same: its status then says why.
 */
export async function acceptRequest(deps: Deps, event: OrderEvent): Promise<{ key: ResourceKey; written: boolean }> {
  const key = keyOf(event);
  if (event["detail-type"] === "Certificate Deletion Requested") {
    await deps.requests.delete(key);
    return { key, written: true };
  }
  const { spec, metadata } = event.detail;
  await openTexts(spec, metadata);
  const stored = { key, apiVersion: ownApiVersion, spec, metadata };
  const parsed = parseRequest(stored, deps.dnsAdapters);
  if (!parsed.ok)
    deps.log({ event: "invalid-order", namespace: key.namespace, name: key.name, faults: parsed.faults.length });
  await deps.requests.put(
    metadata === undefined ? { key, apiVersion: stored.apiVersion, spec: spec ?? {} } : { ...stored, spec: spec ?? {} },
  );
  return { key, written: true };
}

function keyOf(event: OrderEvent): ResourceKey {
  const namespace = event.source.startsWith(sourcePrefix) ? event.source.slice(sourcePrefix.length) : "";
  const { name, kind = "Certificate" } = event.detail;
  if (namespace === "" || namespace.startsWith("_")) {
    throw invalid("source", `must be ${sourcePrefix}<namespace>, not "${event.source}"`);
  }
  if (typeof name !== "string" || !/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name)) {
    throw invalid("detail.name", "must be a DNS-1123 subdomain");
  }
  if (kind !== "Certificate" && kind !== "CertificateRequest") {
    throw invalid("detail.kind", "must be Certificate or CertificateRequest");
  }
  return { namespace, kind, name };
}

function invalid(path: string, message: string): PermanentError {
  return new PermanentError({ reason: "InvalidOrder", message: `${path}: ${message}`, fix: "see docs/events" });
}

import type { Kind } from "./resource.ts";

/** The apiVersion of our own schema, and of an object that names none. */
export const ownApiVersion = "certwright.dev/v1";

/** What is accepted as apiVersion of a kind: ours, and the one of the project whose schema ours extends. */
export function apiVersionsOf(kind: Kind): readonly string[] {
  if (kind === "Cluster") return [ownApiVersion];
  return [kind === "Bundle" ? "trust.cert-manager.io/v1alpha1" : "cert-manager.io/v1", ownApiVersion];
}

import type { ResourceKey } from "./resource.ts";
import type { AttemptRef } from "./rows.ts";

/** Names an attempt of this object; a Certificate's ref does not say its kind, as those of before. */
export function refOf({ namespace, kind, name }: ResourceKey, attemptId: string): AttemptRef {
  return { namespace, ...(kind === "CertificateRequest" ? { kind } : {}), name, attemptId };
}

/** The object whose attempt it is. */
export function keyOf({ namespace, kind, name }: AttemptRef): ResourceKey {
  return { namespace, kind: kind ?? "Certificate", name };
}

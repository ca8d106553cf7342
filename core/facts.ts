import type { Policy } from "./policy.ts";
import type { StoredRequest, StoredSecret } from "./ports.ts";
import { parseCertificate } from "./request.ts";
import type { ResourceKey } from "./resource.ts";
import type { AskedFor, CertificateRow, IssuerRow } from "./rows.ts";

/** All that decide() looks at: read once, parsed once, with the clock. */
export interface Facts {
  now: Date;
  key: ResourceKey;
  /** What the user wants now; undefined when the object is gone. */
  request: ReturnType<typeof parseCertificate> | undefined;
  row: CertificateRow | undefined;
  /** The issuer the spec names, as State knows it. */
  issuer: IssuerRow | undefined;
  /** The issuer at which the validation is tried first; read only when it is. */
  staging?: IssuerRow | undefined;
  policy: Policy;
  /** What the working certificate was asked with; read only when the spec is not the one last decided on. */
  asked?: AskedFor | undefined;
  /** The stored secret, looked at only when nothing else asks for an issuance. */
  secret?: StoredSecret | "absent" | undefined;
}

/** Parses what was read. */
export function factsOf(
  key: ResourceKey,
  read: { request: StoredRequest | undefined; row: CertificateRow | undefined; now: Date; policy: Policy },
): Facts {
  const request = read.request && parseCertificate(read.request);
  return { now: read.now, key, request, row: read.row, issuer: undefined, policy: read.policy };
}

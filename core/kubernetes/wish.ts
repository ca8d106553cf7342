import type { StoredRequest } from "../ports.ts";
import { parseCertificate } from "../request.ts";
import type { CertificateRow, Issued } from "../rows.ts";
import type { ClusterSpec } from "./cluster.ts";
import type { MirrorRow } from "./rows.ts";
import { belongs } from "./targets.ts";

/** A certificate, and the Secret that it should be in. */
export interface Wanted {
  certificate: { namespace: string; name: string };
  /** Kubernetes namespace and name of the Secret. */
  at: { namespace: string; name: string };
  issued: Issued;
  revision: number;
}

/** What should be of a Certificate in a cluster. */
export type Wish =
  | ({ is: "wanted" } & Wanted)
  /** Sent there by name, and may not come. */
  | { is: "refused"; reason: string; message: string; fix: string }
  | { is: "unwanted" }
  /** There is no certificate yet, or the object cannot be read: what lies there stays as it is. */
  | { is: "undecided"; isUnderWay: boolean };

/** What the Requests and State tables hold of a Certificate. */
export interface Known {
  request: StoredRequest | undefined;
  row: CertificateRow | undefined;
}

/** Decides what should be. A working Secret stays, and is renewed, whatever a faulty edit says. */
export function wishOf(
  cluster: { name: string; spec: ClusterSpec },
  certificate: { namespace: string; name: string },
  { request, row }: Known,
  mirror?: MirrorRow,
): Wish {
  if (!request) return { is: "unwanted" };
  const issued = row?.deletedAt === undefined ? row?.issued : undefined;
  const found = issued && { certificate, issued, revision: row?.revision ?? 1 };
  const parsed = parseCertificate(request);
  if (!parsed.ok) {
    const namespace = mirror?.written?.namespace;
    if (!found || namespace === undefined) return { is: "undecided", isUnderWay: false };
    return { is: "wanted", at: { namespace, name: found.issued.secretName }, ...found };
  }
  const { labels, spec } = parsed.resource;
  const { targets } = spec.options;
  const placed = { namespace: certificate.namespace, labels, ...(targets === undefined ? {} : { targets }) };
  const answer = belongs(cluster, placed);
  if (!answer.wanted) return answer.refused ? { is: "refused", ...answer.refused } : { is: "unwanted" };
  // The fact that a certificate was issued goes out before State knows of it.
  if (!found) return { is: "undecided", isUnderWay: row?.attempt?.leaseId !== undefined };
  return { is: "wanted", at: { namespace: answer.namespace, name: found.issued.secretName }, ...found };
}

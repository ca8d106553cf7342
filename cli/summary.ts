import { annotationNames } from "../core/annotations.ts";
import type { ClusterRow } from "../core/kubernetes/rows.ts";
import { nextLook, renewsAt } from "../core/renewal.ts";
import { asMap, at, textAt } from "./as-written.ts";
import type { Style } from "./io.ts";
import { isDecided, rowOf, type Seen } from "./objects.ts";

/** The status of the Ready condition, or Unknown before the first decision. */
export function readiness(seen: Seen): "True" | "False" | "Unknown" {
  return rowOf(seen)?.ready.status ?? "Unknown";
}

/** One word for the table: what goes on, or the reason why nothing does. */
export function statusWord(seen: Seen): string {
  if (!isDecided(seen)) return "Pending";
  const { certificate } = seen;
  if (!certificate) return rowOf(seen)?.ready.reason ?? "Pending";
  if (certificate.issuing?.status === "True") return certificate.issued ? "Renewing" : "Issuing";
  if (certificate.ready.status !== "True") return certificate.ready.reason;
  return isUpToDate(seen) ? "UpToDate" : (certificate.issuing?.reason ?? certificate.ready.reason);
}

/** Nothing has to be done but to look before the renewal, or the end where there is none: State has no other instant in mind. */
export function isUpToDate({ certificate }: Seen): boolean {
  if (certificate?.issued === undefined || certificate.attempt !== undefined) return false;
  const { issued, dueAt, ready } = certificate;
  if (dueAt === undefined) return issued.renewalTime === undefined && ready.reason === "Expired";
  return dueAt === nextLook({ ...certificate, issued }, new Date(0)).dueAt;
}

/** When a working certificate is renewed, epoch ms; undefined when it never is. */
export function renewalOf({ certificate }: Pick<Seen, "certificate">): number | undefined {
  return certificate?.issued && renewsAt(certificate.issued, certificate.ari);
}

export function styleOfReadiness(status: string): Style {
  if (status === "True") return "green";
  return status === "False" ? "red" : "yellow";
}

/** The names a Certificate asks for, the common name first. */
export function namesOf({ written }: Seen): string[] {
  const names = at(written.spec, "dnsNames");
  const common = textAt(written.spec, "commonName");
  return [...new Set([...(common ? [common] : []), ...(Array.isArray(names) ? names.map(String) : [])])];
}

/** `a,b,c,+2`: the first three, and how many more. */
export function shortNames(names: string[]): string {
  const more = names.length > 3 ? `,+${names.length - 3}` : "";
  return names.slice(0, 3).join(",") + more;
}

/** `ClusterIssuer/pebble` */
export function issuerOf({ written }: Seen): string {
  const { kind = "Issuer", name = "" } = asMap(at(written.spec, "issuerRef"));
  return `${kind}/${name}`;
}

/** `acme`, `ca` ...: the one field of an issuer's spec. */
export function issuerType({ written }: Seen): string {
  return Object.keys(asMap(written.spec)).sort().join(",") || "<none>";
}

/** `198/200`: mirrored Secrets that are as they should be, and how many there should be. */
export function secretsOf(cluster: Pick<ClusterRow, "inSync" | "mirrors"> | undefined): string {
  return cluster?.mirrors === undefined ? "<unknown>" : `${cluster.inSync ?? 0}/${cluster.mirrors}`;
}

/** The URL of a Cluster's apiserver, `EKS shop in eu-central-1`, or `<kubeconfig>` when only that knows. */
export function serverOf({ written }: Seen): string {
  const { clusterName, region } = asMap(at(written.spec, "auth", "eks"));
  const eks =
    clusterName === undefined ? undefined : `EKS ${clusterName}${region === undefined ? "" : ` in ${region}`}`;
  return textAt(written.spec, "server") ?? eks ?? "<kubeconfig>";
}

/** `repair` or `report`. */
export function modeOf({ written }: Seen): string {
  return textAt(written.spec, "mode") ?? "repair";
}

/** `retain` or `delete`: what a Cluster does with the Secrets that are not wanted any more. */
export function policyOf({ written }: Seen): string {
  return textAt(written.spec, "deletionPolicy") ?? "retain";
}

/** The Clusters that a Bundle names; undefined when it goes to all. */
export function clustersOf({ written }: Seen): string[] | undefined {
  const clusters = at(written.spec, "clusters");
  return Array.isArray(clusters) ? clusters.map(String) : undefined;
}

/** The Clusters that a Certificate names, by its field or annotation. */
export function targetsOf({ written }: Seen): string[] {
  const field = at(written.spec, "targets");
  const named = Array.isArray(field) ? field.map((target) => textAt(target, "cluster") ?? "") : [];
  const annotated = (written.annotations[annotationNames.targets] ?? "").split(",").map((name) => name.trim());
  return [...new Set([...named, ...annotated])].filter(Boolean);
}

import { asMap, at, textAt } from "./as-written.ts";
import type { Style } from "./io.ts";
import { isDecided, type Seen } from "./objects.ts";

/** The status of the Ready condition, or Unknown before the first decision. */
export function readiness(seen: Seen): "True" | "False" | "Unknown" {
  return (seen.certificate ?? seen.issuer)?.ready.status ?? "Unknown";
}

/** One word for the table: what goes on, or the reason why nothing does. */
export function statusWord(seen: Seen): string {
  if (!isDecided(seen)) return "Pending";
  const { certificate } = seen;
  if (!certificate) return seen.issuer?.ready.reason ?? "Pending";
  if (certificate.issuing?.status === "True") return certificate.issued ? "Renewing" : "Issuing";
  if (certificate.ready.status !== "True") return certificate.ready.reason;
  return isUpToDate(seen) ? "UpToDate" : (certificate.issuing?.reason ?? certificate.ready.reason);
}

/** Nothing has to be done before the renewal: State has no other instant in mind. */
export function isUpToDate({ certificate }: Seen): boolean {
  return (
    certificate?.issued !== undefined &&
    certificate.attempt === undefined &&
    certificate.dueAt === certificate.issued.renewalTime
  );
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

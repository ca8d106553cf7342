import type { CertificateSpec } from "./certificate.ts";
import { toALabel } from "./dns-name.ts";
import { quote } from "./field-fault.ts";
import type { AcmeSpec } from "./issuer.ts";
import { commonNameOf } from "./subject.ts";

/** What no ACME CA certifies, and the cure; nothing is ordered then. */
export interface AcmeRefusal {
  message: string;
  fix: string;
}

const elsewhere = "use a ca or selfSigned issuer";

/**
 * Why an ACME issuer cannot serve this spec: RFC 8555 and RFC 8738 know DNS names and IP addresses only, and the common name has
 * to be one of them, as cert-manager's ACME controller checks (reason InvalidOrder).
 */
export function refusedByAcme(spec: CertificateSpec, acme: AcmeSpec): AcmeRefusal | undefined {
  return badField(spec) ?? badName(spec) ?? badCommonName(spec) ?? badAddresses(spec, acme);
}

function badField(spec: CertificateSpec): AcmeRefusal | undefined {
  const field = (["uris", "emailAddresses", "otherNames"] as const).find((name) => spec[name]);
  if (field !== undefined) {
    const message = `${pathOf(spec, field)}: an ACME CA certifies DNS names and IP addresses only`;
    return { message, fix: `remove it, or ${elsewhere}` };
  }
  const message = "spec.isCA: an ACME CA certifies no other CA";
  return spec.isCA ? { message, fix: `remove it, or ${elsewhere}` } : undefined;
}

/** Host names have no underscore: the Baseline Requirements of the CA/Browser Forum forbid it. */
function badName(spec: CertificateSpec): AcmeRefusal | undefined {
  const name = spec.dnsNames.find((one) => one.includes("_"));
  if (name === undefined) return undefined;
  const message = `${pathOf(spec, "dnsNames")}: ${quote(name)} has an underscore, which ACME CAs do not certify`;
  return { message, fix: `write a name without it, or ${elsewhere}` };
}

/** A common name that is a DNS name is ordered, too. */
function badCommonName(spec: CertificateSpec): AcmeRefusal | undefined {
  const commonName = commonNameOf(spec);
  if (spec.request) return unlistedCommonName(spec);
  if (commonName === undefined || toALabel(commonName) !== undefined) return undefined;
  if (spec.ipAddresses?.includes(commonName)) return undefined;
  const field = spec.literalSubject === undefined ? "spec.commonName" : "spec.literalSubject";
  const lists = `[${spec.dnsNames.join(" ")}] or [${(spec.ipAddresses ?? []).join(" ")}]`;
  const rule =
    "If a commonName is set, ACME requires that the value is also present in the list of dnsNames or ipAddresses";
  return {
    message: `${field}: ${rule}: ${quote(commonName)} does not exist in ${lists}`,
    fix: `write one of the names, or remove it, or ${elsewhere}`,
  };
}

/** A request is sent as it is: its common name must be one of its names already. */
function unlistedCommonName({ commonName, dnsNames, ipAddresses = [] }: CertificateSpec): AcmeRefusal | undefined {
  if (commonName === undefined || [...dnsNames, ...ipAddresses].includes(commonName.toLowerCase())) return undefined;
  const rule =
    "The CSR PEM requests a commonName that is not present in the list of dnsNames or ipAddresses. If a commonName is set, ACME requires that the value is also present in the list of dnsNames or ipAddresses";
  return {
    message: `${rule}: ${quote(commonName)} does not exist in [${dnsNames.join(" ")}] or [${ipAddresses.join(" ")}]`,
    fix: `make a request that lists it, or ${elsewhere}`,
  };
}

/** A CertificateRequest's names stand in its CSR. */
function pathOf({ request }: CertificateSpec, field: string): string {
  return request ? `spec.request: ${field}` : `spec.${field}`;
}

/** RFC 8738 7: dns-01 proves no address. */
function badAddresses(spec: CertificateSpec, { solvers }: AcmeSpec): AcmeRefusal | undefined {
  const { ipAddresses } = spec;
  if (!ipAddresses || solvers.some((solver) => "http01" in solver)) return undefined;
  const message = `${pathOf(spec, "ipAddresses")}: dns01 cannot prove ${ipAddresses[0]} (RFC 8738 7), and the issuer has no http01 solver`;
  return { message, fix: `add an http01 solver, remove the addresses, or ${elsewhere}` };
}

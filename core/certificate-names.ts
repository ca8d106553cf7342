import { readAlternativeNames } from "./alternative-names.ts";
import type { CertificateSpec } from "./certificate.ts";
import { readDnsName, recordNameFor, toALabel } from "./dns-name.ts";
import { invalidValue, quote, tooLong } from "./field-fault.ts";
import type { Fields } from "./field-reader.ts";
import type { IssuerSpec } from "./issuer.ts";
import type { AskedFor, IssuerRow } from "./rows.ts";
import { commonNameOf, readSubject } from "./subject.ts";

type Names = Pick<
  CertificateSpec,
  "commonName" | "subject" | "literalSubject" | "dnsNames" | "ipAddresses" | "uris" | "emailAddresses" | "otherNames"
>;

const longestCommonName = 64;
const longestRecordName = 253;

/**
 * The DNS names to order: dnsNames, and the common name when it is a DNS name and not one of them. Only an ACME CA is asked so:
 * others take subject and names as they are.
 */
export function orderNames(spec: Pick<CertificateSpec, "commonName" | "dnsNames" | "literalSubject">): string[] {
  const commonName = commonNameOf(spec);
  const name = commonName === undefined ? undefined : toALabel(commonName);
  return name === undefined || spec.dnsNames.includes(name) ? [...spec.dnsNames] : [...spec.dnsNames, name];
}

/** The DNS names of the certificate request: what an ACME CA is asked for is more than dnsNames when the common name is a name. */
export function namesFor(
  spec: Pick<CertificateSpec, "commonName" | "dnsNames" | "literalSubject">,
  issuer: Pick<IssuerRow, "spec"> | undefined,
): string[] {
  const known = issuer?.spec as Partial<IssuerSpec> | undefined;
  return known === undefined || known.acme ? orderNames(spec) : [...spec.dnsNames];
}

/** The DNS names and IP addresses that an ACME CA is asked for (RFC 8738: identifiers of the type ip). */
export function orderIdentifiers(
  spec: Pick<AskedFor, "commonName" | "dnsNames" | "literalSubject" | "ipAddresses">,
): string[] {
  return [...orderNames(spec), ...(spec.ipAddresses ?? [])];
}

/** What the operator's lists of DNS names cannot stand for: it is refused unless it is listed as it is. */
export function otherIdentities(spec: CertificateSpec): string[] {
  const commonName = commonNameOf(spec);
  return [
    ...(commonName === undefined || toALabel(commonName) !== undefined ? [] : [commonName]),
    ...(spec.ipAddresses ?? []),
    ...(spec.uris ?? []),
    ...(spec.emailAddresses ?? []),
    ...(spec.otherNames ?? []).map(({ utf8Value }) => utf8Value),
    ...(spec.isCA ? ["isCA: true"] : []),
  ];
}

/** Reads everything that the certificate is about; at least one name must be there. */
export function readNames(fields: Fields): Names {
  const subject = readSubject(fields);
  const commonName = fields.text("commonName");
  const names: Names = {
    ...(commonName === undefined ? {} : { commonName }),
    ...subject,
    dnsNames: readDnsNames(fields),
    ...readAlternativeNames(fields),
  };
  checkCommonName(fields, commonNameOf(names));
  checkSomeName(fields, names);
  return names;
}

function checkCommonName(fields: Fields, commonName: string | undefined): void {
  if (commonName !== undefined && Buffer.byteLength(commonName) > longestCommonName) {
    fields.fault("commonName", tooLong(longestCommonName), "write a shorter name, or move it to dnsNames");
  }
}

/** A list that is only faulty is told of its faults. */
function checkSomeName(fields: Fields, names: Names): void {
  const lists = ["dnsNames", "uris", "emailAddresses", "ipAddresses", "otherNames"];
  const literal = fields.isSet("literalSubject") && names.literalSubject === undefined;
  if (literal || commonNameOf(names) !== undefined || lists.some((list) => fields.isSet(list))) return;
  if (fields.isSet("commonName")) return;
  const why =
    "at least one of commonName (from the commonName field or from a literalSubject), dnsNames, emailSANs, ipAddresses, otherNames, or uriSANs must be set";
  fields.faultAt(fields.path, invalidValue('""', why), "add the names to certify to dnsNames");
}

function readDnsNames(fields: Fields): string[] {
  const names = fields.texts("dnsNames").flatMap(({ path, text }) => {
    const read = readDnsName(text, { underscores: true });
    const problem = "problem" in read ? read.problem : recordProblem(read.name);
    if (problem !== undefined) {
      fields.faultAt(
        path,
        invalidValue(quote(text), problem),
        "write a DNS name such as www.example.com or *.example.com",
      );
    }
    return "name" in read ? [read.name] : [];
  });
  return [...new Set(names)];
}

/** A record that cannot exist would spoil the change of its whole batch. */
function recordProblem(name: string): string | undefined {
  const longest = longestRecordName - recordNameFor("").length;
  return recordNameFor(name).length > longestRecordName
    ? `must be no more than ${longest} octets long without its wildcard, because its challenge is at _acme-challenge.<name>`
    : undefined;
}

import { invalidValue, quote } from "./field-fault.ts";
import type { Fields, FieldTable } from "./field-reader.ts";
import type { CaSpec, SelfSignedSpec } from "./issuer.ts";
import { subdomainProblem } from "./kube-names.ts";

/** The fields of `spec.selfSigned` of an issuer. */
export const selfSignedTable: FieldTable = { crlDistributionPoints: "read" };
/** The fields of `spec.ca` of an issuer. */
export const caTable: FieldTable = {
  ...selfSignedTable,
  secretName: "read",
  ocspServers: "read",
  issuingCertificateURLs: "read",
};

/** Reads `spec.selfSigned`. */
export function readSelfSigned(fields: Fields): SelfSignedSpec {
  return { crlDistributionPoints: readUrls(fields, "crlDistributionPoints") };
}

/** Reads `spec.ca`; the secret is one of the issuer's own namespace. */
export function readCa(fields: Fields): CaSpec {
  return {
    secretName: readSecretName(fields),
    ...readSelfSigned(fields),
    ocspServers: readUrls(fields, "ocspServers", ", e.g., http://ocsp.int-x3.letsencrypt.org"),
    issuingCertificateURLs: readUrls(fields, "issuingCertificateURLs"),
  };
}

function readSecretName(fields: Fields): string {
  const fix = "write the name of the stored secret that holds the CA's tls.crt and tls.key";
  const name = fields.text("secretName");
  if (name === undefined && !fields.isSet("secretName")) fields.fault("secretName", "Required value", fix);
  const problem = name === undefined ? undefined : subdomainProblem(name);
  if (problem !== undefined) fields.fault("secretName", invalidValue(quote(name ?? ""), problem), fix);
  return name ?? "";
}

/** As cert-manager any text that a certificate can hold, which is IA5String there (RFC 5280 4.2.1.6). */
function readUrls(fields: Fields, field: string, example = ""): string[] {
  return fields.texts(field).flatMap(({ path, text }) => {
    if (/^[\u0021-\u007e]+$/.test(text)) return text;
    const fix = "write a URL without spaces, such as http://pki.example.com/ca.crl, or remove it";
    fields.faultAt(path, invalidValue(quote(text), `must be a valid URL${example}`), fix);
    return [];
  });
}

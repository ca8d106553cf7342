import type { CertificateSpec } from "./certificate.ts";
import { namesFor } from "./certificate-names.ts";
import type { CsrRequest } from "./deps.ts";
import { toALabel } from "./dns-name.ts";
import type { IssuerSpec } from "./issuer.ts";
import type { IssuerRow } from "./rows.ts";
import { rdnSequence } from "./subject.ts";

/** What this spec asks an issuer for. An ACME CA compares the common name with the names as it was given them: A-labels. */
export function certificateRequest(
  spec: CertificateSpec,
  issuer: Pick<IssuerRow, "spec"> | undefined,
): Omit<CsrRequest, "pkcs8"> {
  const { ipAddresses, uris, emailAddresses, otherNames, isCA, nameConstraints, signatureAlgorithm } = spec;
  return {
    subject: rdnSequence(isAcme(issuer) ? withALabel(spec) : spec),
    names: namesFor(spec, issuer),
    ...(ipAddresses ? { ipAddresses } : {}),
    ...(uris ? { uris } : {}),
    ...(emailAddresses ? { emailAddresses } : {}),
    ...(otherNames ? { otherNames } : {}),
    usages: spec.usages,
    encodeUsages: spec.encodeUsagesInRequest,
    ...(isCA ? { isCA } : {}),
    ...(nameConstraints ? { nameConstraints } : {}),
    ...(signatureAlgorithm ? { signatureAlgorithm } : {}),
  };
}

function isAcme(issuer: Pick<IssuerRow, "spec"> | undefined): boolean {
  return (issuer?.spec as Partial<IssuerSpec> | undefined)?.acme !== undefined;
}

function withALabel(spec: CertificateSpec): CertificateSpec {
  const commonName = spec.commonName === undefined ? undefined : toALabel(spec.commonName);
  return commonName === undefined ? spec : { ...spec, commonName };
}

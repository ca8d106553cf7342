import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AccessDescription,
  AuthorityInfoAccessSyntax,
  AuthorityKeyIdentifier,
  BasicConstraints,
  CRLDistributionPoints,
  DistributionPoint,
  DistributionPointName,
  ExtendedKeyUsage,
  Extension,
  GeneralName,
  KeyIdentifier,
  KeyUsage,
  SubjectKeyIdentifier,
} from "@peculiar/asn1-x509";
import type { SigningOrder } from "../../../core/signing-port.ts";
import { encodeUsages } from "../../../core/usage-codes.ts";
import type { ReadRequest } from "./request.ts";

/** What is not in the order. */
interface Beside {
  request: ReadRequest;
  subjectKeyIdentifier: OctetString | undefined;
  authorityKeyIdentifier: ArrayBuffer | undefined;
}

const oids = {
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  crlDistributionPoints: "2.5.29.31",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  authorityInfoAccess: "1.3.6.1.5.5.7.1.1",
};
const ocsp = "1.3.6.1.5.5.7.48.1";
const caIssuers = "1.3.6.1.5.5.7.48.2";

/** The extensions that cert-manager's template has, in Go's order; critical where Go says so. */
export function extensionsOf(order: SigningOrder, beside: Beside): Extension[] {
  const { request, subjectKeyIdentifier, authorityKeyIdentifier } = beside;
  return [
    ...usages(order),
    extension(oids.basicConstraints, true, new BasicConstraints({ cA: order.isCA })),
    ...(subjectKeyIdentifier
      ? [extension(oids.subjectKeyIdentifier, false, new SubjectKeyIdentifier(subjectKeyIdentifier.buffer))]
      : []),
    ...(authorityKeyIdentifier ? [ofAuthority(authorityKeyIdentifier)] : []),
    ...access(order),
    ...[request.extension(oids.nameConstraints) ?? []].flat(),
    ...revocationLists(order),
    ...alternativeNames(request),
  ];
}

function usages({ usages: asked, isCA }: SigningOrder): Extension[] {
  const { keyUsageBits, extendedOids } = encodeUsages(isCA ? ["cert sign", ...asked] : asked);
  const flags = [...new Set(keyUsageBits)].reduce((sum, bit) => sum + 2 ** bit, 0);
  return [
    ...(flags > 0 ? [extension(oids.keyUsage, true, new KeyUsage(flags))] : []),
    ...(extendedOids.length > 0 ? [extension(oids.extendedKeyUsage, false, new ExtendedKeyUsage(extendedOids))] : []),
  ];
}

function ofAuthority(keyIdentifier: ArrayBuffer): Extension {
  const value = new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyIdentifier) });
  return extension(oids.authorityKeyIdentifier, false, value);
}

function access({ ocspServers, issuingCertificateURLs }: SigningOrder): Extension[] {
  const described = [
    ...ocspServers.map((url) => ({ accessMethod: ocsp, url })),
    ...issuingCertificateURLs.map((url) => ({ accessMethod: caIssuers, url })),
  ].map(({ accessMethod, url }) => new AccessDescription({ accessMethod, accessLocation: uri(url) }));
  if (described.length === 0) return [];
  return [extension(oids.authorityInfoAccess, false, new AuthorityInfoAccessSyntax(described))];
}

function revocationLists({ crlDistributionPoints }: SigningOrder): Extension[] {
  if (crlDistributionPoints.length === 0) return [];
  const points = crlDistributionPoints.map(
    (url) => new DistributionPoint({ distributionPoint: new DistributionPointName({ fullName: [uri(url)] }) }),
  );
  return [extension(oids.crlDistributionPoints, false, new CRLDistributionPoints(points))];
}

/** As asked; critical when there is no subject (RFC 5280 4.2.1.6). */
function alternativeNames(request: ReadRequest): Extension[] {
  const asked = request.extension(oids.subjectAltName);
  if (!asked) return [];
  const { extnID, extnValue } = asked;
  return [new Extension({ extnID, critical: request.subject.length === 0, extnValue })];
}

function uri(uniformResourceIdentifier: string): GeneralName {
  return new GeneralName({ uniformResourceIdentifier });
}

function extension(extnID: string, critical: boolean, value: unknown): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

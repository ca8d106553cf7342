import type { CertificateSpec } from "./certificate.ts";
import { namesFor } from "./certificate-names.ts";
import { toALabel } from "./dns-name.ts";
import { clusterNamespace, idOf, type Resource, type ResourceKey } from "./resource.ts";
import type { AskedFor, IssuerRow } from "./rows.ts";
import { rdnSequence, type SubjectSpec, subjectLists } from "./subject.ts";

/** The key of the issuer that a Certificate names (an Issuer serves its own namespace only). */
export function issuerKeyOf(certificate: Resource<CertificateSpec>): ResourceKey {
  const { kind, name } = certificate.spec.issuerRef;
  return kind === "ClusterIssuer"
    ? { namespace: clusterNamespace, kind: "ClusterIssuer", name }
    : { namespace: certificate.key.namespace, kind: "Issuer", name };
}

/** What a certificate of this spec is asked with at this issuer. */
export function askedFor(certificate: Resource<CertificateSpec>, issuer: IssuerRow | undefined): AskedFor {
  const { spec } = certificate;
  const { commonName, subject, literalSubject, ipAddresses, uris, emailAddresses, otherNames, isCA } = spec;
  return {
    ...(commonName === undefined ? {} : { commonName }),
    dnsNames: namesFor(spec, issuer),
    ...(subject ? { subject } : {}),
    ...(literalSubject === undefined ? {} : { literalSubject }),
    ...(ipAddresses ? { ipAddresses } : {}),
    ...(uris ? { uris } : {}),
    ...(emailAddresses ? { emailAddresses } : {}),
    ...(otherNames ? { otherNames } : {}),
    ...(isCA ? { isCA } : {}),
    durationSeconds: spec.durationSeconds,
    usages: [...spec.usages].sort(),
    keyAlgorithm: spec.privateKey.algorithm,
    ...(spec.privateKey.size === undefined ? {} : { keySize: spec.privateKey.size }),
    issuer: idOf(issuerKeyOf(certificate)),
  };
}

/**
 * The fields by which a later spec asks for another certificate, in the order of cert-manager's RequestMatchesSpec. Rows of
 * before a field was supported say nothing of it, and nobody could have asked for it then.
 */
export function changedFields(asked: AskedFor, wanted: AskedFor): string[] {
  const lists = (["ipAddresses", "uris", "emailAddresses"] as const).filter(
    (field) => !sameTexts(asked[field], wanted[field]),
  );
  const changed = [
    ...lists,
    ...(sameTexts(asked.otherNames?.map(otherNameText), wanted.otherNames?.map(otherNameText)) ? [] : ["otherNames"]),
    ...(sameTexts(asked.dnsNames, wanted.dnsNames) ? [] : ["dnsNames"]),
    ...changedSubject(asked, wanted),
    ...(asked.isCA === wanted.isCA ? [] : ["isCA"]),
    ...(sameTexts(asked.usages, wanted.usages) ? [] : ["usages"]),
    ...(asked.durationSeconds === wanted.durationSeconds ? [] : ["duration"]),
  ];
  return changed.map((field) => `spec.${field}`);
}

/** With a literal subject the sequences are compared, however each was written; without one field by field. */
function changedSubject(asked: AskedFor, wanted: AskedFor): string[] {
  if (wanted.literalSubject !== undefined || asked.literalSubject !== undefined) {
    const same = JSON.stringify(rdnSequence(asked)) === JSON.stringify(rdnSequence(wanted));
    return same ? [] : ["literalSubject"];
  }
  const [before, after] = [asked.subject ?? {}, wanted.subject ?? {}];
  const lists = Object.keys(subjectLists) as (keyof typeof subjectLists)[];
  const changed: (keyof SubjectSpec)[] = lists.filter((list) => !sameTexts(before[list], after[list]));
  if (before.serialNumber !== after.serialNumber) changed.unshift("serialNumber");
  return [
    ...(sameCommonName(asked.commonName, wanted.commonName) ? [] : ["commonName"]),
    ...changed.map((field) => `subject.${field}`),
  ];
}

/** Older rows hold a common name as a lower-case A-label. */
function sameCommonName(asked: string | undefined, wanted: string | undefined): boolean {
  return asked === wanted || (wanted !== undefined && asked !== undefined && asked === toALabel(wanted));
}

function sameTexts(asked: readonly string[] = [], wanted: readonly string[] = []): boolean {
  return JSON.stringify([...asked].sort()) === JSON.stringify([...wanted].sort());
}

function otherNameText({ oid, utf8Value }: { oid: string; utf8Value: string }): string {
  return `${oid} ${utf8Value}`;
}

import { invalidValue, quote } from "./field-fault.ts";
import type { Fields, FieldTable } from "./field-reader.ts";
import { parseLiteralSubject } from "./literal-subject.ts";
import { commonNameOid, type Rdn } from "./rdn.ts";

/** spec.subject: lists are absent when they are empty. */
export interface SubjectSpec {
  organizations?: string[];
  countries?: string[];
  organizationalUnits?: string[];
  localities?: string[];
  provinces?: string[];
  streetAddresses?: string[];
  postalCodes?: string[];
  serialNumber?: string;
}

/** The parts of a Certificate's spec that say who it is about. */
export interface SubjectFields {
  /** As written; at most 64 bytes. */
  commonName?: string;
  subject?: SubjectSpec;
  /** RFC 4514, as written; never beside the other two. */
  literalSubject?: string;
}

/** The lists of spec.subject in the order in which Go's pkix.Name writes them, before common name and serial number. */
export const subjectLists = {
  countries: "2.5.4.6",
  provinces: "2.5.4.8",
  localities: "2.5.4.7",
  streetAddresses: "2.5.4.9",
  postalCodes: "2.5.4.17",
  organizations: "2.5.4.10",
  organizationalUnits: "2.5.4.11",
} as const;

const serialNumberOid = "2.5.4.5";
type ListName = keyof typeof subjectLists;
const listNames = Object.keys(subjectLists) as ListName[];
const subjectTable: FieldTable = {
  ...Object.fromEntries(listNames.map((name) => [name, "read" as const])),
  serialNumber: "read",
};

/** The subject as it is encoded: a list is one RDN of many pairs, as Go makes it; a literal subject is taken as it is. */
export function rdnSequence({ commonName, subject = {}, literalSubject }: SubjectFields): Rdn[] {
  if (literalSubject !== undefined) {
    const read = parseLiteralSubject(literalSubject);
    return "rdns" in read ? read.rdns : [];
  }
  const lists = listNames.map((name) => (subject[name] ?? []).map((value) => ({ oid: subjectLists[name], value })));
  const single = (oid: string, value: string | undefined) => (value === undefined ? [] : [{ oid, value }]);
  const rdns = [...lists, single(commonNameOid, commonName), single(serialNumberOid, subject.serialNumber)];
  return rdns.filter((rdn) => rdn.length > 0);
}

/** The common name that the certificate will have: the last one of a literal subject, as cert-manager reads it. */
export function commonNameOf(fields: SubjectFields): string | undefined {
  const pairs = rdnSequence(fields).flat();
  return pairs.findLast(({ oid }) => oid === commonNameOid)?.value || undefined;
}

/** Reads spec.subject and spec.literalSubject; of a literal subject that has a fault nothing is kept. */
export function readSubject(fields: Fields): Pick<SubjectFields, "subject" | "literalSubject"> {
  const subject = readLists(fields);
  const literalSubject = fields.text("literalSubject");
  if (literalSubject === undefined) return subject ? { subject } : {};
  const fix = "keep literalSubject, or write the parts as subject and commonName";
  if (fields.isSet("commonName")) {
    const why = "When providing a `LiteralSubject` no `commonName` may be provided.";
    fields.fault("commonName", invalidValue(quote(String(fields.text("commonName"))), why), fix);
  }
  if (subject) {
    const why = "When providing a `LiteralSubject` no `Subject` properties may be provided.";
    fields.fault("subject", invalidValue('"(object)"', why), fix);
  }
  const read = parseLiteralSubject(literalSubject);
  if ("rdns" in read) return { literalSubject };
  const example = "write RFC 4514, such as CN=www.example.com,OU=Web,O=Example";
  fields.fault("literalSubject", invalidValue(quote(literalSubject), read.problem), example);
  return {};
}

function readLists(fields: Fields): SubjectSpec | undefined {
  const subject = fields.map("subject", subjectTable);
  if (!subject) return undefined;
  const serialNumber = subject.text("serialNumber");
  const lists = listNames.map((name) => [name, subject.texts(name).map(({ text }) => text)] as const);
  const read: SubjectSpec = {
    ...Object.fromEntries(lists.filter(([, values]) => values.length > 0)),
    ...(serialNumber === undefined ? {} : { serialNumber }),
  };
  return Object.keys(read).length > 0 ? read : undefined;
}

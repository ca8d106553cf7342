import { invalidValue, quote, requiredValue } from "./field-fault.ts";
import type { Fields, FieldTable } from "./field-reader.ts";
import { canonicalIp } from "./ip-address.ts";

/** What a subjectAltName holds beside DNS names (RFC 5280 4.2.1.6); empty lists are absent. */
export interface AlternativeNames {
  /** In canonical text, each once. */
  ipAddresses?: string[];
  /** Printable ASCII. */
  uris?: string[];
  emailAddresses?: string[];
  otherNames?: OtherName[];
}

/** An otherName whose value is a UTF8String, such as a user principal name. */
export interface OtherName {
  /** Dotted. */
  oid: string;
  utf8Value: string;
}

const otherNameTable: FieldTable = { oid: "read", utf8Value: "read" };
const atoms = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*";
/** What Go's mail.ParseAddress takes and gives back unchanged: two dot-atoms, or an address literal behind the @. */
const mailbox = new RegExp(`^${atoms}@(${atoms}|\\[[!-Z^-~]+\\])$`);
const longestArc = 2 ** 31 - 1;

/** Reads ipAddresses, uris, emailAddresses and otherNames with cert-manager's rules. */
export function readAlternativeNames(fields: Fields): AlternativeNames {
  const lists = {
    ipAddresses: readIpAddresses(fields),
    uris: readUris(fields),
    emailAddresses: readEmailAddresses(fields),
    otherNames: readOtherNames(fields),
  };
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));
}

function readIpAddresses(fields: Fields): string[] {
  const read = fields.texts("ipAddresses").flatMap(({ path, text }) => {
    const address = canonicalIp(text);
    const fix = "write an address such as 192.0.2.1 or 2001:db8::1";
    if (address === undefined) fields.faultAt(path, invalidValue(quote(text), "invalid IP address"), fix);
    return address ?? [];
  });
  return [...new Set(read)];
}

function readUris(fields: Fields): string[] {
  const read = fields.texts("uris").map(({ path, text }) => {
    const why = "must be a URI of printable ASCII characters; others are written as %XX";
    if (!isUri(text))
      fields.faultAt(path, invalidValue(quote(text), why), "write a URI such as spiffe://example.com/a");
    return text;
  });
  return [...new Set(read)];
}

function isUri(text: string): boolean {
  return /^[!-~]+$/.test(text) && !/%(?![0-9a-fA-F]{2})/.test(text);
}

function readEmailAddresses(fields: Fields): string[] {
  const read = fields.texts("emailAddresses").map(({ path, text }) => {
    const why = "invalid email address: make sure the supplied value only contains the email address itself";
    if (!mailbox.test(text)) fields.faultAt(path, invalidValue(quote(text), why), "write one such as ops@example.com");
    return text;
  });
  return [...new Set(read)];
}

function readOtherNames(fields: Fields): OtherName[] {
  return fields.maps("otherNames", otherNameTable).map((one) => {
    const oid = one.text("oid");
    const utf8Value = one.text("utf8Value");
    const fix = "write an object identifier such as 1.3.6.1.4.1.311.20.2.3";
    if (oid === undefined && !one.isSet("oid")) one.fault("oid", requiredValue("must be specified"), fix);
    if (oid !== undefined && !isOid(oid)) one.fault("oid", invalidValue(quote(oid), "invalid oid syntax"), fix);
    if (utf8Value === undefined && !one.isSet("utf8Value")) {
      const why = requiredValue("must be set to a valid non-empty UTF8 string");
      one.fault("utf8Value", why, "write the name, such as ada@example.com");
    }
    return { oid: oid ?? "", utf8Value: utf8Value ?? "" };
  });
}

/** X.660: the first arc is 0 to 2, the second below 40 under 0 and 1. */
function isOid(text: string): boolean {
  const arcs = /^\d+(\.\d+)+$/.test(text) ? text.split(".").map(Number) : [];
  const [root = 3, second = 0] = arcs;
  return root <= 2 && (root === 2 || second < 40) && arcs.every((arc) => arc <= longestArc);
}

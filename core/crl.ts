import type { X509Certificate } from "node:crypto";
import { type DerElement, derElements, oidText } from "./der.ts";
import { derTime, isSignedWith, reasonText, type SignedDer, serialText, signedDer } from "./signed-der.ts";

/** A certificate revocation list (RFC 5280 5). */
export interface Crl {
  thisUpdate: Date;
  /** Absent in lists that break the profile. */
  nextUpdate?: Date;
  /** True for a list of changes only (5.2.4): what is not in it may be revoked all the same. */
  isDelta: boolean;
  isSignedBy(issuer: X509Certificate): boolean;
  /** When and why a serial number (upper-case hex) was revoked. */
  revocationOf(serial: string): { at: Date; reason?: string } | undefined;
}

const oids = { deltaIndicator: "2.5.29.27", reason: "2.5.29.21", certificateIssuer: "2.5.29.29" };
const none = new Uint8Array();

/** Reads a list in DER or PEM. Throws RangeError when it is none. */
export function readCrl(bytes: Uint8Array): Crl {
  const signed = signedDer(derElements(derOf(bytes))[0]?.content ?? none);
  // The version is optional, and the one INTEGER that can stand first.
  const fields = signed.body[0]?.tag === 0x02 ? signed.body.slice(1) : signed.body;
  const thisUpdate = derTime(fields[2]);
  if (!thisUpdate) throw new RangeError("not a certificate revocation list");
  const nextUpdate = derTime(fields[3]);
  const [revoked, extensions] = afterTimes(fields.slice(nextUpdate ? 4 : 3));
  let entries: Map<string, DerElement[]> | undefined;
  return {
    thisUpdate,
    ...(nextUpdate ? { nextUpdate } : {}),
    isDelta: extensions.some(({ content }) => oidOf(content) === oids.deltaIndicator),
    isSignedBy: (issuer) => isSigned(signed, issuer),
    revocationOf: (serial) => {
      entries ??= entriesOf(revoked);
      return revocationIn(entries.get(serial));
    },
  };
}

function isSigned(signed: SignedDer, issuer: X509Certificate): boolean {
  return isSignedWith(signed, issuer.publicKey);
}

function afterTimes(fields: DerElement[]): [revoked: DerElement[], extensions: DerElement[]] {
  const list = fields.find(({ tag }) => tag === 0x30);
  const extensions = derElements(fields.find(({ tag }) => tag === 0xa0)?.content ?? none)[0];
  return [derElements(list?.content ?? none), derElements(extensions?.content ?? none)];
}

/** By serial number. From an entry on that names a certificate's issuer, they are another CA's (5.3.3). */
function entriesOf(revoked: DerElement[]): Map<string, DerElement[]> {
  const entries = new Map<string, DerElement[]>();
  for (const { content } of revoked) {
    const [number, ...rest] = derElements(content);
    if (extensionIn(rest, oids.certificateIssuer)) return entries;
    entries.set(serialText(number?.content ?? none), rest);
  }
  return entries;
}

function revocationIn(entry: DerElement[] | undefined): { at: Date; reason?: string } | undefined {
  if (!entry) return undefined;
  const at = derTime(entry[0]);
  if (!at) throw new RangeError("not a certificate revocation list");
  const reason = reasonIn(entry);
  return { at, ...(reason === undefined ? {} : { reason }) };
}

function extensionIn([, extensions]: DerElement[], oid: string): DerElement | undefined {
  return derElements(extensions?.content ?? none).find(({ content }) => oidOf(content) === oid);
}

function reasonIn(entry: DerElement[]): string | undefined {
  const extension = extensionIn(entry, oids.reason);
  const value = extension && derElements(extension.content).at(-1);
  return value && reasonText(derElements(value.content)[0]);
}

function oidOf(extension: Uint8Array): string {
  return oidText(derElements(extension)[0]?.content ?? none);
}

function derOf(bytes: Uint8Array): Uint8Array {
  if (bytes[0] === 0x30) return bytes;
  const text = Buffer.from(bytes).toString("latin1");
  const base64 = /-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/.exec(text)?.[1];
  if (base64 === undefined) throw new RangeError("not a certificate revocation list");
  return Buffer.from(base64, "base64");
}

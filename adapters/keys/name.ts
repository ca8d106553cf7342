import { AsnConvert } from "@peculiar/asn1-schema";
import { AttributeTypeAndValue, AttributeValue, Name, RelativeDistinguishedName } from "@peculiar/asn1-x509";
import type { Rdn } from "../../core/rdn.ts";

/**
 * A subject as Go's encoding/asn1 writes it: PrintableString where the characters allow it, else UTF8String, whatever the
 * attribute; the pairs of one RDN in the order of their DER (X.690 11.6).
 */
export function nameOf(rdns: readonly Rdn[]): Name {
  return new Name(rdns.map((rdn) => new RelativeDistinguishedName(inOrder(rdn.map(pair)))));
}

/** Go's isPrintable, which takes neither * nor &. */
const printable = /^[A-Za-z0-9 '()+,./:=?-]*$/;

function pair({ oid, value }: Rdn[number]): AttributeTypeAndValue {
  const text = printable.test(value) ? { printableString: value } : { utf8String: value };
  return new AttributeTypeAndValue({ type: oid, value: new AttributeValue(text) });
}

function inOrder(pairs: AttributeTypeAndValue[]): AttributeTypeAndValue[] {
  const encoded = pairs.map((one) => ({ one, der: Buffer.from(AsnConvert.serialize(one)) }));
  return encoded.sort((a, b) => Buffer.compare(a.der, b.der)).map(({ one }) => one);
}

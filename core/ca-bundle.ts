import { X509Certificate } from "node:crypto";
import { invalidValue } from "./field-fault.ts";
import type { Fields } from "./field-reader.ts";

/**
 * Reads caBundle, base64 of PEM, as PEM text. As cert-manager has it, certificates that cannot be read are left out as long
 * as one can.
 */
export function readCaBundle(fields: Fields): string | undefined {
  const bundle = fields.text("caBundle")?.replace(/\s+/g, "");
  if (bundle === undefined) return undefined;
  const fix = "write the PEM text of the CA's certificates in base64, on one line: base64 -w0 ca.pem";
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(bundle)) {
    fields.fault("caBundle", invalidValue('"(not shown)"', "must be base64"), fix);
    return undefined;
  }
  const text = Buffer.from(bundle, "base64").toString("latin1");
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const readable = certificates.filter(isCertificate);
  if (readable.length === 0) {
    fields.fault("caBundle", invalidValue('""', "cert bundle didn't contain any valid certificates"), fix);
  }
  return `${readable.join("\n")}\n`;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).serialNumber !== "";
  } catch {
    return false;
  }
}

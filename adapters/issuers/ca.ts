import { createPrivateKey, X509Certificate } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import { Certificate, SubjectKeyIdentifier } from "@peculiar/asn1-x509";
import type { SigningOrder } from "../../core/signing-port.ts";
import { signCertificate } from "./signing/certificate.ts";

/** A `ca` issuer: signs with the pair of its secret, both PEM, and answers the certificate alone, PEM. */
export const ca = { sign };

function sign(order: SigningOrder, by: { certificate: string; key: string }): string {
  const { tbsCertificate } = AsnConvert.parse(new X509Certificate(by.certificate).raw, Certificate);
  const identifier = tbsCertificate.extensions?.find(({ extnID }) => extnID === "2.5.29.14");
  return signCertificate(order, {
    key: createPrivateKey(by.key),
    certificate: {
      subject: tbsCertificate.subject,
      keyIdentifier: identifier && AsnConvert.parse(identifier.extnValue.buffer, SubjectKeyIdentifier).buffer,
    },
  });
}

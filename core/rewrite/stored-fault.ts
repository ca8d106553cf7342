import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { CertificateSpec } from "../certificate.ts";
import { readCertificate } from "../certificate-identity.ts";
import { quote } from "../field-fault.ts";
import { isMap, readTextMap } from "../field-reader.ts";
import { readJson } from "../json-text.ts";
import type { Issued } from "../rows.ts";
import { keyFromSecretValue } from "../secret-value.ts";

/** What a stored secret should be. */
interface Expected {
  /** The Certificate's name. */
  name: string;
  spec: Pick<CertificateSpec, "issuerRef" | "privateKey">;
  issued: Pick<Issued, "fingerprint">;
  /** We wrote this version: its annotations may be old, but they are nobody else's. */
  isOurs: boolean;
}

/** Why a stored secret needs a new certificate, in cert-manager's words. */
export interface StoredFault {
  reason: string;
  message: string;
}

/**
 * What is wrong with the text of a stored secret that only a new certificate heals; the first of cert-manager's checks of the
 * Secret (internal/controller/certificates/policies/checks.go), and at last whether it is another certificate than State knows.
 */
export function storedFault(text: string, expected: Expected): StoredFault | undefined {
  const value = readJson(text);
  if (!isMap(value)) return missing("any data");
  return (
    pairFault(value) ?? ownerFault(value, expected) ?? keyFault(text, expected) ?? otherCertificate(value, expected)
  );
}

function pairFault(value: Record<string, unknown>): StoredFault | undefined {
  const { "tls.key": keyPem, "tls.crt": chainPem } = value;
  if (typeof keyPem !== "string" || keyPem === "") return missing("a private key");
  if (typeof chainPem !== "string" || chainPem === "") return missing("a certificate");
  const key = tried(() => createPrivateKey(keyPem));
  const leaf = tried(() => readCertificate(chainPem) && new X509Certificate(chainPem));
  if (!key) return invalidPair("Issuing certificate as Secret contains invalid private key data");
  if (!leaf) {
    return { reason: "InvalidCertificate", message: "Issuing certificate as Secret contains an invalid certificate" };
  }
  if (isPair(leaf, key)) return undefined;
  return invalidPair("Issuing certificate as Secret contains a private key that does not match the certificate");
}

function ownerFault(value: Record<string, unknown>, { name, spec, isOurs }: Expected): StoredFault | undefined {
  if (isOurs) return undefined;
  const annotations = readTextMap(isMap(value.metadata) ? value.metadata.annotations : undefined, "", []);
  const said = (annotation: string) => annotations[`cert-manager.io/${annotation}`];
  const { issuerRef } = spec;
  const found = [said("issuer-name"), said("issuer-kind"), said("issuer-group")];
  const wanted = [issuerRef.name, issuerRef.kind, issuerRef.group];
  const standard = ["", "Issuer", "cert-manager.io"];
  const isOther = found.some((one, index) => (one || standard[index]) !== wanted[index]);
  if (found.some((one) => one !== undefined) && isOther) {
    const [of, kind, group] = found.map((one, index) => one || standard[index]);
    const message = `Issuing certificate as Secret was previously issued by ${quote(`${kind}.${group}/${of}`)}`;
    return { reason: "IncorrectIssuer", message };
  }
  const certificate = said("certificate-name");
  if (certificate === undefined || certificate === name) return undefined;
  return { reason: "IncorrectCertificate", message: `Secret was issued for ${quote(certificate)}` };
}

function keyFault(text: string, { spec: { privateKey } }: Expected): StoredFault | undefined {
  const kept = keyFromSecretValue(text);
  kept?.pkcs8.fill(0);
  if (kept?.algorithm === privateKey.algorithm && kept.size === privateKey.size) return undefined;
  const field = kept?.algorithm === privateKey.algorithm ? "size" : "algorithm";
  const message = `Existing private key is not up to date for spec: [spec.privateKey.${field}]`;
  return { reason: "SecretMismatch", message };
}

function otherCertificate(value: Record<string, unknown>, { issued }: Expected): StoredFault | undefined {
  if (readCertificate(String(value["tls.crt"])).fingerprint === issued.fingerprint) return undefined;
  const message = "the stored secret holds another certificate than the one that certwright wrote";
  return { reason: "SecretMismatch", message };
}

/** A public key of another sort may throw. */
function isPair(leaf: X509Certificate, key: KeyObject): boolean {
  return tried(() => leaf.checkPrivateKey(key)) ?? false;
}

function missing(what: string): StoredFault {
  return { reason: "MissingData", message: `Issuing certificate as Secret does not contain ${what}` };
}

function invalidPair(message: string): StoredFault {
  return { reason: "InvalidKeyPair", message };
}

function tried<Out>(read: () => Out): Out | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

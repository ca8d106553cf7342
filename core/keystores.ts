import { createPrivateKey } from "node:crypto";
import type { CertificateSpec } from "./certificate.ts";
import { certificatesOf } from "./certificate-identity.ts";
import type { Deps, KeystoreContent, KeystoreFormats } from "./deps.ts";
import type { KeystoresSpec } from "./keystore-fields.ts";
import type { KeystoreFiles } from "./secret-keys.ts";
import type { SecretContent } from "./secret-value.ts";
import { withoutRoot } from "./secret-value.ts";
import { type KeystorePasswords, keystorePasswords } from "./stored-password.ts";

/** The content of a stored secret with the keystores that its spec asks for. Throws what keystorePasswords throws. */
export async function withKeystores(
  deps: Pick<Deps, "instance" | "store" | "keystores">,
  namespace: string,
  content: SecretContent & { spec: Pick<CertificateSpec, "keystores"> },
): Promise<SecretContent> {
  const { keystores } = content.spec;
  if (!keystores) return content;
  const passwords = await keystorePasswords(deps, namespace, keystores);
  return { ...content, keystores: await makeKeystores(deps.keystores, keystores, passwords, content) };
}

async function makeKeystores(
  formats: KeystoreFormats,
  { jks, pkcs12 }: KeystoresSpec,
  passwords: KeystorePasswords,
  content: SecretContent,
): Promise<KeystoreFiles> {
  const contents = contentsOf(content);
  const [java, standard] = await Promise.all([
    jks && formats.jks(contents, { alias: jks.alias, password: passwords.jks ?? "" }),
    pkcs12 && formats.pkcs12(contents, { profile: pkcs12.profile, password: passwords.pkcs12 ?? "" }),
  ]);
  return {
    ...(java && { "keystore.jks": java.keystore }),
    ...(java?.truststore && { "truststore.jks": java.truststore }),
    ...(standard && { "keystore.p12": standard.keystore }),
    ...(standard?.truststore && { "truststore.p12": standard.truststore }),
  };
}

/** What tls.crt, tls.key and ca.crt say. */
function contentsOf({ chainPem, keyPkcs8Der, caPem }: SecretContent): KeystoreContent {
  const der = (pem: string) => certificatesOf(pem).map(({ raw }) => raw);
  const key = createPrivateKey({ key: Buffer.from(keyPkcs8Der), format: "der", type: "pkcs8" });
  // PKCS#8 can be written in several ways: always in OpenSSL's, so that the same key gives the same keystore.
  const keyPkcs8 = key.export({ type: "pkcs8", format: "der" });
  return { keyPkcs8, chain: der(withoutRoot(chainPem)), ca: caPem === undefined ? [] : der(caPem) };
}

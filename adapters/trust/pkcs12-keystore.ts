import { createHash, X509Certificate } from "node:crypto";
import {
  PKCS8ShroudedKeyBag,
  SafeBag,
  SafeContents,
  id_pkcs8ShroudedKeyBag as shroudedKeyOid,
} from "@peculiar/asn1-pfx";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import type { Keystore, KeystoreContent } from "../../core/deps.ts";
import type { KeystoreProfile } from "../../core/keystore-fields.ts";
import { attribute, certificateBag, dataInfo, encryptedInfo, octets, pfxOf, trustedUnder } from "./pkcs12-file.ts";
import { type Profile, profiles } from "./pkcs12-profiles.ts";
import { type Salts, saltsOf } from "./salts.ts";

const localKeyIdOid = "1.2.840.113549.1.9.21";

interface Sealing {
  profile: Profile;
  password: string;
  salts: Salts;
}

/**
 * Key, chain and CA as one entry, which Java calls `1`, and the CA in a truststore of its own under its subject, as cert-manager
 * has them (pkg/controller/certificates/issuing/internal/keystore.go). The same input gives the same bytes.
 */
export function pkcs12Keystore(
  content: KeystoreContent,
  { profile: name, password }: { profile: KeystoreProfile; password: string },
): Keystore {
  const salts = saltsOf(content, `${name} ${password}`);
  const sealing = (file: string): Sealing => ({
    profile: profiles[name],
    password,
    salts: (use, bytes) => salts(`${file} ${use}`, bytes),
  });
  const [ca] = content.ca;
  return {
    keystore: keystore(content, sealing("keystore")),
    ...(ca ? { truststore: truststore(ca, sealing("truststore")) } : {}),
  };
}

function keystore({ keyPkcs8, chain, ca }: KeystoreContent, sealing: Sealing): Uint8Array {
  const { profile, password, salts } = sealing;
  const [leaf = new Uint8Array(), ...issuers] = chain;
  const keyId = attribute(localKeyIdOid, octets(createHash("sha1").update(leaf).digest()));
  const certificates = [certificateBag(leaf, [keyId]), ...[...issuers, ...ca].map((der) => certificateBag(der, []))];
  const { algorithm, bytes } = profile.encryptKey(keyPkcs8, password, (use, count) => salts(`key ${use}`, count));
  const shrouded = new PKCS8ShroudedKeyBag({ encryptionAlgorithm: algorithm, encryptedData: new OctetString(bytes) });
  const bag = new SafeBag({ bagId: shroudedKeyOid, bagValue: AsnConvert.serialize(shrouded) });
  const key = AsnConvert.serialize(new SafeContents([Object.assign(bag, { bagAttributes: [keyId] })]));
  return pfxOf([encrypted(certificates, sealing), dataInfo(key)], sealing);
}

function truststore(ca: Uint8Array, sealing: Sealing): Uint8Array {
  const subject = new X509Certificate(ca).subject.split("\n").reverse().join(",");
  return pfxOf([encrypted([certificateBag(ca, trustedUnder(subject))], sealing)], sealing);
}

function encrypted(bags: SafeBag[], { profile, password, salts }: Sealing) {
  return encryptedInfo(profile.encrypt(new Uint8Array(AsnConvert.serialize(new SafeContents(bags))), password, salts));
}

import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readCertificate } from "../../../../core/certificate-identity.ts";
import { storedFault } from "../../../../core/rewrite/stored-fault.ts";
import { makeServerCertificate } from "../../../support/test-chain.ts";

const { cert, key } = await makeServerCertificate();
const pem = (one: KeyObject) => one.export({ type: "pkcs8", format: "pem" }).toString();
const another = pem(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey);
const annotations = { "issuer-name": "other", "certificate-name": "other" };

/** What is said of a secret with every fault but those that were healed. */
function faultOf(...healed: string[]): string | undefined {
  const right = (what: string) => healed.includes(what);
  const about = Object.entries(annotations)
    .filter(([name]) => !right(name))
    .map(([name, value]) => [`cert-manager.io/${name}`, value]);
  const value = {
    ...(right("key") ? { "tls.key": right("pair") ? key : another } : {}),
    "tls.crt": cert,
    metadata: { annotations: Object.fromEntries(about), labels: {} },
  };
  return storedFault(JSON.stringify(value), {
    name: "www",
    spec: {
      issuerRef: { name: "ca", kind: "Issuer", group: "cert-manager.io" },
      privateKey: {
        algorithm: right("size") ? "ECDSA" : "Ed25519",
        size: 256,
        encoding: "PKCS1",
        rotationPolicy: "Always",
      },
    },
    issued: { fingerprint: right("fingerprint") ? readCertificate(cert).fingerprint : "another" },
    isOurs: false,
  })?.reason;
}

describe("of several faults of a stored secret the first in cert-manager's order is told", () => {
  it.each<[string[], string | undefined]>([
    [[], "MissingData"],
    [["key"], "InvalidKeyPair"],
    [["key", "pair"], "IncorrectIssuer"],
    [["key", "pair", "issuer-name"], "IncorrectCertificate"],
    [["key", "pair", "issuer-name", "certificate-name"], "SecretMismatch"],
    [["key", "pair", "issuer-name", "certificate-name", "size"], "SecretMismatch"],
    [["key", "pair", "issuer-name", "certificate-name", "size", "fingerprint"], undefined],
  ])("healed of %j: %s", (healed, reason) => {
    expect(faultOf(...healed)).toBe(reason);
  });
});

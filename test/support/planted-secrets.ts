import { generateKeyPairSync, type KeyObject } from "node:crypto";
import type { Needle } from "./secret-scan.ts";

/** A secret as it might lie somewhere, and what the scan must call it. */
export interface Plant {
  title: string;
  bytes: Buffer;
  what: string;
}

const keys: [kind: string, key: KeyObject][] = [
  ["an RSA key", generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey],
  ["a P-256 key", generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey],
  ["a P-521 key", generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey],
  ["an Ed25519 key", generateKeyPairSync("ed25519").privateKey],
];

/** Private keys that nobody knows: each structure it can have, in clear, in base64 and as DER bytes. */
export const strangers: Plant[] = keys.flatMap(([kind, key]) => {
  const forms: [form: string, type: "pkcs8" | "pkcs1" | "sec1"][] = [["PKCS#8", "pkcs8"]];
  if (key.asymmetricKeyType === "rsa") forms.push(["PKCS#1", "pkcs1"]);
  if (key.asymmetricKeyType === "ec") forms.push(["SEC1", "sec1"]);
  const jwk = JSON.stringify(key.export({ format: "jwk" }));
  return [
    ...forms.flatMap(([form, type]) =>
      writings(
        `${kind} in ${form}`,
        form,
        key.export({ type, format: "der" }),
        key.export({ type, format: "pem" }).toString(),
      ),
    ),
    { title: `${kind} as JWK`, bytes: Buffer.from(jwk), what: "JWK" },
    { title: `${kind} as JWK in a JSON text`, bytes: Buffer.from(JSON.stringify({ jwk })), what: "JWK" },
  ];
});

function writings(title: string, form: string, der: Buffer, pem: string): Plant[] {
  const plant = (how: string, what: string, text: string) => ({
    title: `${title}, ${how}`,
    what,
    bytes: Buffer.from(text),
  });
  return [
    { title: `${title}, as DER bytes`, bytes: der, what: form },
    plant("as DER in base64", form, der.toString("base64")),
    plant("as DER in base64url behind a slash", form, `key/${der.toString("base64url")}`),
    plant("its first 48 bytes in base64", form, der.subarray(0, 48).toString("base64")),
    plant("in PEM", "PEM", pem),
    plant("in PEM in a JSON text in a JSON text", "PEM", JSON.stringify({ body: JSON.stringify({ pem }) })),
    plant("in PEM in base64", "PEM", Buffer.from(pem).toString("base64")),
    plant("in PEM in base64 in base64", "PEM", Buffer.from(Buffer.from(pem).toString("base64")).toString("base64")),
    plant("in the lines of a PEM text without its border", form, pem.split("\n").slice(1, -2).join("\\n")),
  ];
}

/** A secret that somebody knows, in clear, in base64 and as bytes. */
export function knownPlants(needles: Needle[]): Plant[] {
  return needles.flatMap(({ label, bytes }) => [
    { title: `${label}, its bytes`, bytes, what: label },
    { title: `${label}, in base64`, bytes: Buffer.from(`x${bytes.toString("base64")}`), what: label },
    {
      title: `${label}, in base64url in JSON`,
      bytes: Buffer.from(JSON.stringify({ d: bytes.toString("base64url") })),
      what: label,
    },
  ]);
}

import { createHash, createPublicKey, type KeyObject, sign } from "node:crypto";

/** Signs certificates as fast as one can: DER put together by hand, one ECDSA signature each (RFC 5280 4.1). */
export interface Signer {
  /** The chain as PEM, leaf first. The names become the subjectAltName. */
  chain(certificate: { names: string[]; notBefore: number; notAfter: number; serial: number }): string;
}

/** How large the certificates shall be, in bytes of DER: a real CA's carry timestamps, policies and addresses. */
export interface Sizes {
  leafBytes: number;
  intermediateBytes: number;
}

/** A CA of two levels whose leaves all have one key. */
export function signer(keys: { leaf: KeyObject; ca: KeyObject }, sizes: Sizes, validFrom: number): Signer {
  const leafKey = spki(keys.leaf);
  const caKey = spki(keys.ca);
  const caId = createHash("sha1").update(caKey).digest();
  const ca = named("Fleet Intermediate");
  const years = 10 * 365 * 86_400_000;
  const basic = extension("551d13", true, der(0x30, der(0x01, bytes("ff"))));
  const own = extension("551d0e", false, der(0x04, caId));
  const intermediate = certificate(keys.ca, {
    ...{ serial: 1, issuer: named("Fleet Root"), subject: ca, key: caKey },
    ...{ notBefore: validFrom - years, notAfter: validFrom + years },
    extensions: [basic, own],
    size: sizes.intermediateBytes,
  });
  const intermediatePem = pem(intermediate);
  const authority = extension("551d23", false, der(0x30, der(0x80, caId)));
  return {
    chain: ({ names, notBefore, notAfter, serial }) => {
      const alternative = extension("551d11", true, der(0x30, ...names.map((name) => der(0x82, Buffer.from(name)))));
      const leaf = certificate(keys.ca, {
        ...{ serial, issuer: ca, subject: der(0x30), key: leafKey, notBefore, notAfter },
        extensions: [alternative, authority],
        size: sizes.leafBytes,
      });
      return `${pem(leaf)}${intermediatePem}`;
    },
  };
}

interface ToSign {
  serial: number;
  issuer: Buffer;
  subject: Buffer;
  notBefore: number;
  notAfter: number;
  key: Buffer;
  extensions: Buffer[];
  size: number;
}

const ecdsaWithSha256 = der(0x30, der(0x06, bytes("2a8648ce3d040302")));
/** Nobody looks at it: an object identifier of the arc for examples (2.999). */
const paddingOid = "883701";
/** What outline, signature and padding weigh besides. */
const besides = 75;

function certificate(signingKey: KeyObject, { extensions, size, ...parts }: ToSign): Buffer {
  const bare = tbs(parts, extensions);
  const missing = Math.max(0, size - bare.length - besides - 20);
  const signed = missing > 0 ? tbs(parts, [...extensions, extension(paddingOid, false, Buffer.alloc(missing))]) : bare;
  const signature = sign("sha256", signed, signingKey);
  return der(0x30, signed, ecdsaWithSha256, der(0x03, bytes("00"), signature));
}

function tbs(
  { serial, issuer, subject, notBefore, notAfter, key }: Omit<ToSign, "extensions" | "size">,
  all: Buffer[],
) {
  const number = Buffer.alloc(9);
  number.writeUInt8(0x40);
  number.writeUIntBE(serial, 3, 6);
  return der(
    0x30,
    der(0xa0, der(0x02, bytes("02"))),
    der(0x02, number),
    ecdsaWithSha256,
    issuer,
    der(0x30, time(notBefore), time(notAfter)),
    subject,
    key,
    der(0xa3, der(0x30, ...all)),
  );
}

function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [der(0x01, bytes("ff"))] : [];
  return der(0x30, der(0x06, bytes(oid)), ...flag, der(0x04, value));
}

function named(commonName: string): Buffer {
  return der(0x30, der(0x31, der(0x30, der(0x06, bytes("550403")), der(0x0c, Buffer.from(commonName)))));
}

/** GeneralizedTime everywhere: RFC 5280 asks for UTCTime before 2050, parsers take both. */
function time(at: number): Buffer {
  return der(0x18, Buffer.from(`${new Date(at).toISOString().slice(0, 19).replace(/[-T:]/g, "")}Z`));
}

function spki(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: "spki", format: "der" });
}

function pem(certificateDer: Buffer): string {
  const lines = certificateDer.toString("base64").replace(/.{64}/g, "$&\n").trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function bytes(hex: string): Buffer {
  return Buffer.from(hex, "hex");
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const head = length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

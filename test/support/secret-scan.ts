/** Something to be found: bytes that must be nowhere. */
export interface Needle {
  label: string;
  bytes: Buffer;
}

/** One place that was read. */
export interface Hay {
  source: string;
  bytes: Buffer;
}

export interface Finding {
  source: string;
  /** A needle's label, or the form of a private key or token that nobody knows. */
  what: string;
}

/** How many times one in the other: base64 of a PEM text is base64 of base64. */
const deepest = 3;

/**
 * Every private key, bearer token and needle in the hay: in clear, in base64 or base64url, as DER bytes, and one within
 * the other. It never answers what it found, only where.
 */
export function findSecrets(hay: Hay[], needles: Needle[]): Finding[] {
  const isThere = finder(needles);
  const look = (bytes: Buffer) => [...isThere(bytes), ...keyStructures(bytes), ...secretTexts(bytes)];
  return hay.flatMap(({ source, bytes }) => {
    const found = new Set<string>();
    for (let open = [bytes], depth = 0; depth <= deepest; depth += 1) {
      for (const what of open.flatMap(look)) found.add(what);
      open = open.flatMap(decoded);
    }
    return [...found].map((what) => ({ source, what }));
  });
}

/** Looks for all needles in one pass: by their first four bytes, then wholly. */
function finder(needles: Needle[]): (bytes: Buffer) => Set<string> {
  const byStart = new Map<number, Needle[]>();
  const starts = new Uint8Array(1 << 16);
  for (const needle of needles) {
    if (needle.bytes.length < 16) throw new Error(`${needle.label} is too short to be told from chance`);
    const start = needle.bytes.readUInt32BE(0);
    byStart.set(start, [...(byStart.get(start) ?? []), needle]);
    starts[needle.bytes.readUInt16BE(0)] = 1;
  }
  return (bytes) => {
    const found = new Set<string>();
    for (let at = 0; at + 16 <= bytes.length; at += 1) {
      if (starts[((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)] === 0) continue;
      for (const { label, bytes: wanted } of byStart.get(bytes.readUInt32BE(at)) ?? []) {
        if (bytes.subarray(at, at + wanted.length).equals(wanted)) found.add(label);
      }
    }
    return found;
  };
}

// What is left of a key that somebody cut is still one, so its beginning is enough. `.` is any byte.
const keyBeginnings: [form: string, hex: RegExp][] = [
  // RFC 5958: version 0, rsaEncryption, ecPublicKey with a named curve, or Ed25519; then the OCTET STRING.
  ["PKCS#8", /020100300d06092a864886f70d010101050004/g],
  ["PKCS#8", /02010030(?:13|10)06072a8648ce3d0201(?:06082a8648ce3d030107|06052b810400(?:22|23))04/g],
  ["PKCS#8", /020100300506032b65700422/g],
  // RFC 8017 A.1.2: version 0, then a modulus of 2,048 to 8,192 bits.
  ["PKCS#1", /3082....0201000282(?:0[1-4])(?:01|81)00/g],
  // RFC 5915: version 1, then 32, 48 or 66 bytes.
  ["SEC1", /30(?:..|81..)0201010(?:420|430|442)/g],
];

function keyStructures(bytes: Buffer): Set<string> {
  const found = new Set<string>();
  // Only around what all of them contain: turning all of it into hex would cost seconds.
  for (const version of [Buffer.from("020100", "hex"), Buffer.from("020101", "hex")]) {
    for (let at = bytes.indexOf(version); at >= 0; at = bytes.indexOf(version, at + 1)) {
      const around = bytes.subarray(Math.max(0, at - 4), at + 40).toString("hex");
      for (const [form, beginning] of keyBeginnings) {
        if ([...around.matchAll(beginning)].some(({ index }) => index % 2 === 0)) found.add(form);
      }
    }
  }
  return found;
}

const textForms: [form: string, text: RegExp][] = [
  ["PEM", /-----BEGIN [A-Z ]*PRIVATE KEY-----(?:\\+[rn]|\s)*[A-Za-z0-9+/]{40}/],
  ["JWK", /\\*"d\\*"\s*:\s*\\*"[A-Za-z0-9_-]{40,}/],
  ["bearer token", /\bBearer\s+[A-Za-z0-9._~+/-]{20,}/],
];

function secretTexts(bytes: Buffer): string[] {
  const text = bytes.toString("latin1");
  return textForms.filter(([, form]) => form.test(text)).map(([form]) => form);
}

/** What all texts that may be base64 say: where one begins is not known, so from each of four places. */
function decoded(bytes: Buffer): Buffer[] {
  const text = bytes.toString("latin1").replaceAll(/\\+[rn]|[\r\n]/g, "");
  const runs = new Set(text.match(/[A-Za-z0-9+/_-]{40,}/g));
  const separator = Buffer.from(" ");
  return [0, 1, 2, 3].flatMap((start) => {
    const parts = [...runs].flatMap((run) => [Buffer.from(run.slice(start), "base64"), separator]);
    return parts.length > 0 ? [Buffer.concat(parts)] : [];
  });
}

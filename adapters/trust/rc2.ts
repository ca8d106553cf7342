/** A permutation of all bytes, from the digits of pi (RFC 2268 2). */
const piTable = Buffer.from(
  [
    "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2179a59f587b34f1361456d8d09817d32",
    "bd8f40eb86b77b0bf09521225c6b4e8254d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626",
    "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed708e8eade8052eef784aa72ac354d6a2a",
    "961ad2715a1549744b9fd05e0418a4ecc2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731",
    "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a90d38341bab33ffb0bb480c5fb9b1cd2e",
    "c5f3db47e5a59c770aa62068fe7fc1ad",
  ].join(""),
  "hex",
);

const rotations = [1, 2, 3, 5] as const;
const blockBytes = 8;

/**
 * Encrypts by RC2 (RFC 2268) in CBC with PKCS#7 padding. OpenSSL 3 keeps RC2 out of Node, and trust-manager's default profile
 * wants it; it hides nothing here, since what is encrypted are public certificates.
 */
export function rc2Cbc(plain: Uint8Array, key: Uint8Array, iv: Uint8Array): Buffer {
  const words = expand(key, key.length * 8);
  const padding = blockBytes - (plain.length % blockBytes);
  const padded = Buffer.concat([plain, Buffer.alloc(padding, padding)]);
  let before: Buffer = Buffer.from(iv);
  const blocks: Buffer[] = [];
  for (let at = 0; at < padded.length; at += blockBytes) {
    const mixed = Buffer.from(before.map((byte, index) => byte ^ (padded[at + index] ?? 0)));
    before = encryptBlock(mixed, words);
    blocks.push(before);
  }
  return Buffer.concat(blocks);
}

/** One block of 8 bytes by the key's 64 words. */
export function encryptBlock(block: Buffer, words: Uint16Array): Buffer {
  const r = Uint16Array.from([0, 2, 4, 6], (at) => block.readUInt16LE(at));
  let next = 0;
  const mix = (times: number) => {
    for (let step = 0; step < times * 4; step += 1) {
      const index = step % 4;
      const [before, second, third] = [at(r, index + 3), at(r, index + 2), at(r, index + 1)];
      const sum = (at(r, index) + at(words, next) + (before & second) + (~before & third)) & 0xffff;
      const left = rotations[index] ?? 0;
      r[index] = (sum << left) | (sum >>> (16 - left));
      next += 1;
    }
  };
  const mash = () => {
    for (let index = 0; index < 4; index += 1) r[index] = at(r, index) + at(words, at(r, index + 3) & 63);
  };
  mix(5);
  mash();
  mix(6);
  mash();
  mix(5);
  const out = Buffer.alloc(blockBytes);
  for (const [index, word] of r.entries()) out.writeUInt16LE(word, index * 2);
  return out;
}

/** RFC 2268 2: key bytes to 64 words of which only so many bits count. */
export function expand(key: Uint8Array, effectiveBits: number): Uint16Array {
  const bytes = Buffer.alloc(128);
  bytes.set(key);
  for (let index = key.length; index < 128; index += 1) {
    bytes[index] = pi((bytes[index - 1] ?? 0) + (bytes[index - key.length] ?? 0));
  }
  const effectiveBytes = Math.ceil(effectiveBits / 8);
  const mask = 0xff >>> (8 * effectiveBytes - effectiveBits);
  bytes[128 - effectiveBytes] = pi((bytes[128 - effectiveBytes] ?? 0) & mask);
  for (let index = 127 - effectiveBytes; index >= 0; index -= 1) {
    bytes[index] = pi((bytes[index + 1] ?? 0) ^ (bytes[index + effectiveBytes] ?? 0));
  }
  return Uint16Array.from({ length: 64 }, (_, index) => bytes.readUInt16LE(index * 2));
}

function pi(value: number): number {
  return piTable[value & 0xff] ?? 0;
}

/** An element of a ring. */
function at(words: Uint16Array, index: number): number {
  return words[index % words.length] ?? 0;
}

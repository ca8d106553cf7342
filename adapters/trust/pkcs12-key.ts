import { createHash } from "node:crypto";

/** What the bytes are for (RFC 7292 B.3). */
export const purpose = { key: 1, iv: 2, mac: 3 } as const;

export interface KeyRequest {
  hash: "sha1" | "sha256";
  password: string;
  salt: Uint8Array;
  iterations: number;
  id: (typeof purpose)[keyof typeof purpose];
  /** Bytes wanted. */
  length: number;
}

/** Both hashes work in blocks of 64 bytes. */
const blockBytes = 64;

/** Key material from a password (RFC 7292 B.2). */
export function pkcs12Key({ hash, password, salt, iterations, id, length }: KeyRequest): Buffer {
  const diversifier = Buffer.alloc(blockBytes, id);
  let input = Buffer.concat([filled(salt), filled(bmpText(`${password}\0`))]);
  const made: Buffer[] = [];
  while (Buffer.concat(made).length < length) {
    let digest = createHash(hash).update(diversifier).update(input).digest();
    for (let round = 1; round < iterations; round += 1) digest = createHash(hash).update(digest).digest();
    made.push(digest);
    input = Buffer.concat(blocksOf(input).map((block) => sumOf(block, filled(digest).subarray(0, blockBytes))));
  }
  return Buffer.concat(made).subarray(0, length);
}

/** UTF-16 with the high byte first, as BMPString has it. */
function bmpText(text: string): Buffer {
  return Buffer.from(text, "utf16le").swap16();
}

/** Repeated to whole blocks. */
function filled(bytes: Uint8Array): Buffer {
  const length = blockBytes * Math.ceil(bytes.length / blockBytes);
  return Buffer.alloc(length, bytes.length === 0 ? 0 : bytes);
}

function blocksOf(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length / blockBytes }, (_, index) =>
    bytes.subarray(index * blockBytes, (index + 1) * blockBytes),
  );
}

/** block + added + 1, as numbers of 64 bytes without the carry. */
function sumOf(block: Buffer, added: Buffer): Buffer {
  const sum = BigInt(`0x${block.toString("hex")}`) + BigInt(`0x${added.toString("hex")}`) + 1n;
  const digits = BigInt.asUintN(blockBytes * 8, sum).toString(16);
  return Buffer.from(digits.padStart(blockBytes * 2, "0"), "hex");
}

import type { SealedKey } from "../../core/rows.ts";

/** A KeySealer without KMS; it holds AWS's rule that another encryption context does not open. */
export function memorySealer() {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
  return {
    seal: async (pkcs8: Uint8Array, ref: { attemptId: string }): Promise<SealedKey> => ({
      dataKey: ref.attemptId,
      iv: "",
      ciphertext: text(pkcs8),
      tag: "",
    }),
    open: async (sealed: SealedKey, ref: { attemptId: string }): Promise<Uint8Array> => {
      if (sealed.dataKey !== ref.attemptId) throw new Error("another encryption context");
      return Buffer.from(sealed.ciphertext, "base64");
    },
  };
}

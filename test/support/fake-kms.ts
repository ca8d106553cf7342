import { randomBytes } from "node:crypto";
import type { KMSClient } from "@aws-sdk/client-kms";
import type { Around } from "./faults.ts";
import { clientAround } from "./faults.ts";

interface Input {
  KeyId?: string;
  KeySpec?: string;
  Plaintext?: Uint8Array;
  CiphertextBlob?: Uint8Array;
  EncryptionContext?: Record<string, string>;
}

interface Wrapped {
  keyId: string;
  context: string;
  plaintext: Buffer;
}

/**
 * One symmetric KMS key with AWS's rules: ciphertext opens under the same key and the same encryption context only, and
 * Encrypt takes at most 4,096 bytes. `handedOut` holds every plaintext buffer it has given away, to see whether it was wiped.
 */
export function fakeKms(keyId: string, around: Around = async (_call, effect) => effect()) {
  const handedOut: Uint8Array[] = [];
  const contexts: Record<string, string>[] = [];
  const wrapped = new Map<string, Wrapped>();
  const wrap = (plaintext: Buffer, context: Record<string, string> = {}) => {
    const blob = randomBytes(184);
    wrapped.set(blob.toString("hex"), { keyId, context: canonical(context), plaintext: Buffer.from(plaintext) });
    contexts.push(context);
    return new Uint8Array(blob);
  };
  const give = (plaintext: Buffer) => {
    const copy = new Uint8Array(plaintext);
    handedOut.push(copy);
    return copy;
  };
  const operations: Record<string, (input: Input) => object> = {
    GenerateDataKeyCommand: (input) => {
      if (input.KeySpec !== "AES_256") throw refusal("ValidationException");
      const plaintext = randomBytes(32);
      return { Plaintext: give(plaintext), CiphertextBlob: wrap(plaintext, input.EncryptionContext) };
    },
    EncryptCommand: (input) => {
      const plaintext = Buffer.from(input.Plaintext ?? []);
      if (plaintext.length > 4_096) throw refusal("ValidationException");
      return { CiphertextBlob: wrap(plaintext, input.EncryptionContext) };
    },
    DecryptCommand: (input) => {
      const found = wrapped.get(Buffer.from(input.CiphertextBlob ?? []).toString("hex"));
      if (found?.context !== canonical(input.EncryptionContext ?? {})) throw refusal("InvalidCiphertextException");
      return { Plaintext: give(found.plaintext) };
    },
  };
  const service = {
    send: async (command: { constructor: { name: string }; input: Input }) => {
      const operation = operations[command.constructor.name];
      if (!operation) throw new Error(`the fake does not know ${command.constructor.name}`);
      if (command.input.KeyId !== keyId) throw refusal("NotFoundException");
      return operation(command.input);
    },
  };
  return { handedOut, contexts, client: clientAround(service as unknown as KMSClient, around) };
}

function canonical(context: Record<string, string>): string {
  return JSON.stringify(Object.entries(context).sort());
}

function refusal(name: string): Error {
  return Object.assign(new Error(`${name} said KMS`), { name, $fault: "client", $metadata: { httpStatusCode: 400 } });
}

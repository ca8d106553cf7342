import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { KMSClient } from "@aws-sdk/client-kms";
import { DecryptCommand, GenerateDataKeyCommand } from "@aws-sdk/client-kms";
import { awsErrorName, awsFault } from "../../core/aws-fault.ts";
import { RefusedError } from "../../core/errors.ts";
import type { KeySealer } from "../../core/ports.ts";
import type { AttemptRef, SealedKey } from "../../core/rows.ts";

export interface KmsSealerDeps {
  client: Pick<KMSClient, "send">;
  /** ARN of the KMS key for key material. */
  keyId: string;
  instance: string;
}

/**
 * Seals private keys under KMS data keys (https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html).
 * The caller wipes what it gave to seal() and what it got from open(). What cannot be opened (another context, a changed
 * byte) is a RefusedError SealedKeyUnreadable that ends the attempt: its key is lost, the next attempt makes a new one.
 */
export function kmsSealer(deps: KmsSealerDeps): KeySealer {
  return {
    seal: (pkcs8, ref) => seal(deps, pkcs8, ref),
    open: (sealed, ref) => open(deps, sealed, ref),
  };
}

const algorithm = "aes-256-gcm";
const tagBytes = 16;

async function seal(deps: KmsSealerDeps, pkcs8: Uint8Array, ref: AttemptRef): Promise<SealedKey> {
  const context = contextOf(deps, ref);
  const command = new GenerateDataKeyCommand({ KeyId: deps.keyId, KeySpec: "AES_256", EncryptionContext: context });
  const answer = await deps.client.send(command).catch((error: unknown) => {
    throw fault(error, "GenerateDataKey", deps);
  });
  const plaintextKey = answer.Plaintext ?? new Uint8Array();
  try {
    const iv = randomBytes(12);
    const cipher = createCipheriv(algorithm, plaintextKey, iv, { authTagLength: tagBytes });
    cipher.setAAD(canonical(context));
    const ciphertext = Buffer.concat([cipher.update(pkcs8), cipher.final()]);
    return {
      dataKey: Buffer.from(answer.CiphertextBlob ?? []).toString("base64"),
      iv: iv.toString("base64"),
      ciphertext: ciphertext.toString("base64"),
      tag: cipher.getAuthTag().toString("base64"),
    };
  } finally {
    plaintextKey.fill(0);
  }
}

async function open(deps: KmsSealerDeps, sealed: SealedKey, ref: AttemptRef): Promise<Uint8Array> {
  const context = contextOf(deps, ref);
  const command = new DecryptCommand({
    KeyId: deps.keyId,
    CiphertextBlob: Buffer.from(sealed.dataKey, "base64"),
    EncryptionContext: context,
  });
  const answer = await deps.client.send(command).catch((error: unknown) => {
    const lost = ["InvalidCiphertextException", "IncorrectKeyException"].includes(awsErrorName(error));
    throw lost ? unreadable(ref, error) : fault(error, "Decrypt", deps);
  });
  const plaintextKey = answer.Plaintext ?? new Uint8Array();
  try {
    return decipher(plaintextKey, sealed, context);
  } catch (error) {
    throw unreadable(ref, error);
  } finally {
    plaintextKey.fill(0);
  }
}

/** Copied into memory of its own, so that wiping it wipes all of it. */
function decipher(key: Uint8Array, sealed: SealedKey, context: Record<string, string>): Uint8Array {
  const decipher = createDecipheriv(algorithm, key, Buffer.from(sealed.iv, "base64"), { authTagLength: tagBytes });
  decipher.setAAD(canonical(context));
  decipher.setAuthTag(Buffer.from(sealed.tag, "base64"));
  const head = decipher.update(Buffer.from(sealed.ciphertext, "base64"));
  try {
    const tail = decipher.final();
    const pkcs8 = new Uint8Array(head.length + tail.length);
    pkcs8.set(head);
    pkcs8.set(tail, head.length);
    return pkcs8;
  } finally {
    head.fill(0);
  }
}

function contextOf({ instance }: KmsSealerDeps, { namespace, attemptId }: AttemptRef): Record<string, string> {
  return { instance, namespace, attempt: attemptId };
}

/** The same bytes for the same context, whatever the order it was written in. */
function canonical(context: Record<string, string>): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))));
}

function unreadable({ namespace, name, attemptId }: AttemptRef, cause: unknown): RefusedError {
  return new RefusedError({
    reason: "SealedKeyUnreadable",
    message: `The private key of attempt ${attemptId} of ${namespace}/Certificate/${name} cannot be opened.`,
    fix: "Nothing to do: the next attempt makes a new key. If it comes back, compare the installation's KMS key with its config.",
    endsAttempt: true,
    cause,
  });
}

function fault(error: unknown, operation: string, { keyId }: KmsSealerDeps): Error {
  return awsFault(error, { service: "KMS", action: `kms:${operation}`, resource: keyId });
}

import { createPrivateKey, type KeyObject } from "node:crypto";
import { GetSecretValueCommand, paginateListSecrets } from "@aws-sdk/client-secrets-manager";
import { concurrently } from "../../core/concurrently.ts";
import type { TestStack } from "./integration-bed.ts";
import type { Needle } from "./secret-scan.ts";

/** The numbers that make a key private: they are in every form that it can be written in. */
export function secretNumbers(label: string, key: KeyObject): Needle[] {
  const jwk = key.export({ format: "jwk" });
  const numbers = [jwk.d, jwk.p].filter((number) => number !== undefined);
  return numbers.map((number) => ({ label, bytes: Buffer.from(number, "base64url") }));
}

/** A text, such as a token, and the bytes that it may stand for. */
export function secretText(label: string, value: string): Needle[] {
  return [
    { label, bytes: Buffer.from(value) },
    { label, bytes: Buffer.from(value, "base64url") },
  ];
}

/** Every private key that the installation's stored secrets hold now: those of accounts and of certificates. */
export async function storedKeys({ clients, facts }: TestStack): Promise<Needle[]> {
  const client = clients.secrets;
  const names: string[] = [];
  for await (const { SecretList = [] } of paginateListSecrets({ client }, { MaxResults: 100 })) {
    names.push(...SecretList.map(({ Name = "" }) => Name).filter((name) => name.startsWith(`${facts.instance}/`)));
  }
  const found = await concurrently(10, names, async (SecretId) => {
    const { SecretString = "" } = await client.send(new GetSecretValueCommand({ SecretId }));
    return keysIn(SecretString).flatMap((key) => secretNumbers(`the key of ${SecretId}`, key));
  });
  return found.flat();
}

function keysIn(secret: string): KeyObject[] {
  const values = Object.values(parsed(secret)).filter((value) => typeof value === "string");
  return values.filter((value) => value.includes("PRIVATE KEY-----")).map((value) => createPrivateKey(value));
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

import { asMap } from "./as-written.ts";
import { Failure } from "./failure.ts";

/** What a secret holds that is no text (cert-manager's names); in the stored JSON they are base64. */
const binaryKeys = ["keystore.jks", "truststore.jks", "keystore.p12", "truststore.p12", "key.der"];

/** Keys and contents of a stored secret. It never reaches a message: not even when it cannot be read. Throws Failure. */
export function filesOf(value: string, stored: string): [name: string, content: Uint8Array][] {
  const keys = Object.entries(parsed(value, stored)).filter(([key]) => key !== "metadata");
  const bad = keys.find(([key, text]) => !/^[-\w][-\w.]*$/.test(key) || typeof text !== "string");
  if (bad || keys.length === 0) throw new Failure(`the stored secret ${stored} does not look like one of certwright`);
  return keys.map(([key, text]) => [key, Buffer.from(String(text), binaryKeys.includes(key) ? "base64" : "utf8")]);
}

function parsed(value: string, stored: string): Record<string, unknown> {
  try {
    return asMap(JSON.parse(value));
  } catch {
    throw new Failure(`the stored secret ${stored} is not JSON`);
  }
}

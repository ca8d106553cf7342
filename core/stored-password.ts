import { type Deps, storedName } from "./deps.ts";
import { RefusedError } from "./errors.ts";
import { isMap } from "./field-reader.ts";
import { readJson } from "./json-text.ts";
import type { KeystorePassword, KeystoresSpec } from "./keystore-fields.ts";

/** The passwords of the keystores that are to be made. */
export type KeystorePasswords = Partial<Record<keyof KeystoresSpec, string>>;

/**
 * Reads the passwords that keystores are made with; those that a secret holds lie in the Certificate's namespace in Secrets
 * Manager, as a JSON object of texts. Throws RefusedError KeystorePasswordSecretNotFound.
 */
export async function keystorePasswords(
  deps: Pick<Deps, "instance" | "store">,
  namespace: string,
  keystores: KeystoresSpec,
): Promise<KeystorePasswords> {
  const read = async (format: keyof KeystoresSpec) => {
    const keystore = keystores[format];
    return keystore ? { [format]: await passwordOf(deps, namespace, keystore.password, format) } : {};
  };
  return { ...(await read("jks")), ...(await read("pkcs12")) };
}

async function passwordOf(
  { instance, store }: Pick<Deps, "instance" | "store">,
  namespace: string,
  password: KeystorePassword,
  format: keyof KeystoresSpec,
): Promise<string> {
  if ("literal" in password) return password.literal;
  const { name, key } = password.secretRef;
  const stored = storedName(instance, namespace, name);
  const secret = await (await store("secretsManager")).read(stored);
  const value = secret && readJson(secret.value);
  const text = isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  if (typeof text === "string" && text !== "") return text;
  const what = secret ? `has no text under "${key}"` : "does not exist";
  throw new RefusedError({
    reason: "KeystorePasswordSecretNotFound",
    message: `the secret "${stored}" with the password of spec.keystores.${format} ${what}`,
    fix: `store a JSON object with "${key}" there; it is tried again by itself`,
  });
}

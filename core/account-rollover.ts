import { accountKeyOf, newAccountKey, nextField, ownWrite, type StoredKey } from "./account-key.ts";
import type { AcmeAccount } from "./account-row.ts";
import type { AcmeIssuer } from "./acme-port.ts";
import { type Deps, storedName } from "./deps.ts";
import { classOf, isRefusalOf, RefusedError } from "./errors.ts";
import { acmeOf, type IssuerSpec } from "./issuer.ts";
import type { Resource } from "./resource.ts";

/**
 * The account's key. Where a rollover was interrupted after the CA had taken the new key, that one: the CA is asked which
 * one it knows.
 */
export async function settledKey(
  deps: Deps,
  issuer: Resource<IssuerSpec>,
  known: AcmeAccount | undefined,
): Promise<StoredKey> {
  const stored = await accountKeyOf(deps, issuer, known);
  if (stored.nextPem === undefined || !(await ownerOf(deps, issuer, stored.nextPem))) return stored;
  return store(deps, issuer, stored, { pem: stored.nextPem });
}

/**
 * Gives the account a new key (RFC 8555 7.3.5): stored beside the old one, told to the CA, then stored alone. Whatever dies in
 * between, both keys are stored until it is known which one the CA has. `client` has the old key and the account.
 */
export async function rollOver(
  deps: Deps,
  issuer: Resource<IssuerSpec>,
  { client, accountUrl, stored }: { client: AcmeIssuer; accountUrl: string; stored: StoredKey },
): Promise<StoredKey> {
  const prepared =
    stored.nextPem === undefined
      ? await store(deps, issuer, stored, { pem: stored.pem, nextPem: await newAccountKey(deps, issuer) })
      : stored;
  const { nextPem = "" } = prepared;
  const refusal = await client.changeKey(nextPem).then(notTaken, (error: unknown) => error);
  // Whatever it has answered, the old key goes only when the CA knows the new one: Pebble says 200 to a key that it does not take.
  if ((await ownerOf(deps, issuer, nextPem)) === accountUrl) return store(deps, issuer, prepared, { pem: nextPem });
  // What the CA refuses it would refuse again: the next try makes another key.
  if (classOf(refusal) === "RefusedError") await store(deps, issuer, prepared, { pem: prepared.pem });
  throw refusal;
}

function notTaken(): RefusedError {
  return new RefusedError({
    reason: "KeyChangeRefused",
    message: "the CA said yes to the new key and does not know it",
    fix: "nothing to do: another key is made at the next try",
  });
}

/** The account that the CA has of a key, if any. */
async function ownerOf(deps: Deps, issuer: Resource<IssuerSpec>, accountKeyPem: string): Promise<string | undefined> {
  const client = await deps.acmeRegistrar({ key: issuer.key, spec: issuer.spec, accountKeyPem });
  return (await client.registerAccount({ onlyReturnExisting: true }))?.accountUrl;
}

/** Writes the keys in place of the version that was read. */
async function store(
  deps: Deps,
  issuer: Resource<IssuerSpec>,
  before: StoredKey,
  keys: { pem: string; nextPem?: string },
): Promise<StoredKey> {
  const { name: secretName, key: field } = acmeOf(issuer).privateKeySecretRef;
  const name = storedName(deps.instance, issuer.key.namespace, secretName);
  const next = { [field]: keys.pem, [nextField(field)]: keys.nextPem };
  const value = JSON.stringify({ ...(JSON.parse(before.value) as object), ...next });
  const secrets = await deps.store("secretsManager");
  const write = { ...ownWrite(deps, issuer), name, value, replaces: before.versionId };
  const { versionId } = await secrets.write(write).catch((error: unknown) => {
    throw isRefusalOf(error, "SecretOwnedByAnother") ? notOurs(name, error) : error;
  });
  return { ...keys, versionId, value };
}

function notOurs(name: string, cause: unknown): RefusedError {
  return new RefusedError({
    reason: "AccountKeyNotOurs",
    message: `certwright did not make secret "${name}", so it does not write a new key into it`,
    fix: "name another secret in spec.acme.privateKeySecretRef: a new account with a key of its own is then registered",
    cause,
  });
}

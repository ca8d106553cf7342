import { createPrivateKey } from "node:crypto";
import { type Deps, storedName } from "./deps.ts";
import { RefusedError } from "./errors.ts";
import type { IssuerSpec } from "./issuer.ts";
import type { SecretStore } from "./ports.ts";
import { type Resource, resourceOf } from "./resource.ts";
import type { AcmeAccount } from "./rows.ts";

/** cert-manager's: an RSA key, in PEM under `tls.key` of the secret that privateKeySecretRef names. */
const accountKey = { algorithm: "RSA", size: 2_048, encoding: "PKCS8", rotationPolicy: "Never" } as const;

/**
 * The account's private key, PEM. Created once, by a create that fails if it exists. `known`: State's account at this server;
 * when its key is gone there is no new one.
 */
export async function accountKeyOf(
  deps: Deps,
  issuer: Resource<IssuerSpec>,
  known: AcmeAccount | undefined,
): Promise<string> {
  const { privateKeySecretRef: ref, disableAccountKeyGeneration } = issuer.spec.acme;
  const name = storedName(deps.instance, issuer.key.namespace, ref.name);
  const store = await deps.store("secretsManager");
  await claim(deps, issuer, ref.name);
  const existing = await store.read(name);
  if (existing) return keyInSecret(existing.value, name, ref.key);
  if (known) throw keyLost(known, name);
  if (disableAccountKeyGeneration) throw noKey(name);
  return createKey(deps, issuer, store, name, ref.key);
}

/** Issuers of one namespace may share an account key; a Certificate's secret is never one. */
async function claim(deps: Deps, issuer: Resource<IssuerSpec>, secretName: string): Promise<void> {
  const { namespace } = issuer.key;
  const owner = resourceOf(issuer.key);
  const standing = await deps.state.claimSecret({ namespace, secretName, owner, store: "secretsManager" });
  if (!standing.owner.startsWith("Certificate/")) return;
  throw new RefusedError({
    reason: "SecretOwnedByAnother",
    message: `Secret "${secretName}" belongs to ${standing.owner}`,
    fix: "choose another spec.acme.privateKeySecretRef.name",
  });
}

async function createKey(
  deps: Deps,
  issuer: Resource<IssuerSpec>,
  store: SecretStore,
  name: string,
  field: string,
): Promise<string> {
  const pkcs8 = Buffer.from(await deps.keys.privateKey(accountKey));
  const pem = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" })
    .export({ type: "pkcs8", format: "pem" })
    .toString();
  const { namespace } = issuer.key;
  const write = {
    name,
    value: JSON.stringify({ [field]: pem }),
    token: deps.chance.uuid(),
    replaces: undefined,
    owner: `${namespace}/${resourceOf(issuer.key)}`,
    namespace,
    issuer: `${namespace}/${resourceOf(issuer.key)}`,
  };
  try {
    await store.write(write);
    return pem;
  } catch (error) {
    const faster = await store.read(name);
    if (faster) return keyInSecret(faster.value, name, field);
    throw error;
  }
}

/** The PEM under a field of a stored secret; throws RefusedError AccountKeyInvalid, without the value. */
export function keyInSecret(value: string, name: string, field: string): string {
  try {
    const pem = (JSON.parse(value) as Record<string, unknown>)[field];
    if (typeof pem === "string") {
      createPrivateKey(pem);
      return pem;
    }
  } catch {
    // The value is not shown: it may hold a key.
  }
  throw new RefusedError({
    reason: "AccountKeyInvalid",
    message: `secret "${name}" has no private key in PEM under "${field}"`,
    fix: `store a JSON object with the account's key under "${field}", or name another secret`,
  });
}

function keyLost(known: AcmeAccount, name: string): RefusedError {
  return new RefusedError({
    reason: "AccountKeyLost",
    message: `the key of account ${known.accountUrl} is gone: secret "${name}" does not exist`,
    fix: "restore the secret; for a new account on purpose, name another privateKeySecretRef",
  });
}

function noKey(name: string): RefusedError {
  return new RefusedError({
    reason: "AccountKeyMissing",
    message: `secret "${name}" does not exist and disableAccountKeyGeneration is true`,
    fix: "store the account's key there, or let certwright make one",
  });
}

import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import type { AcmeAccount } from "./account-row.ts";
import { type Deps, storedName } from "./deps.ts";
import { RefusedError } from "./errors.ts";
import { acmeOf, type IssuerSpec } from "./issuer.ts";
import type { SecretStore, SecretWrite } from "./ports.ts";
import { parseKey, type Resource, type ResourceKey, resourceOf } from "./resource.ts";

/** cert-manager's, unless the issuer asks for ECDSA; in PEM under `tls.key` of the secret that privateKeySecretRef names. */
const keySizes = { RSA: 2_048, ECDSA: 256 };

/** The account's key as it is stored. */
export interface StoredKey {
  pem: string;
  /** The one that is to follow: stored before the CA is told of it, gone when the CA knows it. */
  nextPem?: string;
  versionId: string;
  /** The whole value. */
  value: string;
}

/**
 * The account's private key. Created once, by a create that fails if it exists. `known`: State's account at this server;
 * when its key is gone there is no new one.
 */
export async function accountKeyOf(
  deps: Deps,
  issuer: Resource<IssuerSpec>,
  known: AcmeAccount | undefined,
): Promise<StoredKey> {
  const { privateKeySecretRef: ref, disableAccountKeyGeneration } = acmeOf(issuer);
  const name = storedName(deps.instance, issuer.key.namespace, ref.name);
  const store = await deps.store("secretsManager");
  const owner = await claim(deps, issuer, ref.name);
  const existing = await store.read(name);
  if (existing) return storedKey(existing, name, ref.key);
  const lost = known ?? (await accountOfOwner(deps, issuer, owner));
  if (lost) throw keyLost(lost, `secret "${name}" does not exist`);
  if (disableAccountKeyGeneration) throw noKey(name);
  return createKey(deps, issuer, store, name, ref.key);
}

/** Issuers of one namespace may share an account key; a Certificate's secret is never one. Answers who came first. */
async function claim(deps: Deps, issuer: Resource<IssuerSpec>, secretName: string): Promise<string> {
  const { namespace } = issuer.key;
  const owner = resourceOf(issuer.key);
  const standing = await deps.state.claimSecret({ namespace, secretName, owner, store: "secretsManager" });
  if (!standing.owner.startsWith("Certificate/")) return standing.owner;
  throw new RefusedError({
    reason: "SecretOwnedByAnother",
    message: `Secret "${secretName}" belongs to ${standing.owner}`,
    fix: "choose another spec.acme.privateKeySecretRef.name",
  });
}

/** The account of the issuer that this one shares its key with: who comes later must not replace a key that was lost. */
async function accountOfOwner(
  deps: Deps,
  issuer: Resource<IssuerSpec>,
  owner: string,
): Promise<AcmeAccount | undefined> {
  const key = parseKey(issuer.key.namespace, owner);
  const account = key && (await deps.state.issuer(key))?.acme;
  const { server, privateKeySecretRef } = acmeOf(issuer);
  return account?.server === server && account.keySecretName === privateKeySecretRef.name ? account : undefined;
}

async function createKey(
  deps: Deps,
  issuer: Resource<IssuerSpec>,
  store: SecretStore,
  name: string,
  field: string,
): Promise<StoredKey> {
  const pem = await newAccountKey(deps, issuer);
  const value = JSON.stringify({ [field]: pem });
  try {
    const { versionId } = await store.write({ ...ownWrite(deps, issuer), name, value, replaces: undefined });
    return { pem, versionId, value };
  } catch (error) {
    const faster = await store.read(name);
    if (faster) return storedKey(faster, name, field);
    throw error;
  }
}

/** A new key of the algorithm that the issuer asks for, PKCS#8 in PEM. */
export async function newAccountKey(deps: Deps, { spec }: Resource<IssuerSpec>): Promise<string> {
  const algorithm = spec.options?.accountKeyAlgorithm ?? "RSA";
  const key = { algorithm, size: keySizes[algorithm], encoding: "PKCS8", rotationPolicy: "Never" } as const;
  const pkcs8 = Buffer.from(await deps.keys.privateKey(key));
  return createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" })
    .export({ type: "pkcs8", format: "pem" })
    .toString();
}

/** What a write of the account's key says of itself, beside name, value and the version that it replaces. */
export function ownWrite(
  deps: Deps,
  { key }: Resource<IssuerSpec>,
): Pick<SecretWrite, "token" | "owner" | "namespace" | "issuer"> {
  const owner = `${key.namespace}/${resourceOf(key)}`;
  return { token: deps.chance.uuid(), owner, namespace: key.namespace, issuer: owner };
}

/** Where the key that is to follow lies in the value. */
export function nextField(field: string): string {
  return `${field}.next`;
}

function storedKey({ value, versionId }: { value: string; versionId: string }, name: string, field: string): StoredKey {
  const next = pemIn(value, nextField(field));
  return { pem: keyInSecret(value, name, field), ...(next === undefined ? {} : { nextPem: next }), versionId, value };
}

/**
 * The PEM under a field of a stored secret, or the one that is to follow it if that is the one of this thumbprint; throws
 * RefusedError AccountKeyInvalid, without the value.
 */
export function keyInSecret(value: string, name: string, field: string, thumbprint?: string): string {
  const pem = pemIn(value, field);
  const next = thumbprint === undefined ? undefined : pemIn(value, nextField(field));
  if (next !== undefined && thumbprintOf(next) === thumbprint) return next;
  if (pem !== undefined) return pem;
  throw new RefusedError({
    reason: "AccountKeyInvalid",
    message: `secret "${name}" has no private key in PEM under "${field}"`,
    fix: `store a JSON object with the account's key under "${field}", or name another secret`,
  });
}

/** Undefined where no private key is; the value is not shown: it may hold one. */
function pemIn(value: string, field: string): string | undefined {
  const pem = jsonField(value, field);
  try {
    if (typeof pem !== "string") return undefined;
    createPrivateKey(pem);
    return pem;
  } catch {
    return undefined;
  }
}

/** The refusal to make a new account in the place of a known one. */
export function keyLost(known: AcmeAccount, why: string): RefusedError {
  return new RefusedError({
    reason: "AccountKeyLost",
    message: `the key of account ${known.accountUrl} is gone: ${why}`,
    fix: "restore the secret; for a new account on purpose, name another privateKeySecretRef",
  });
}

/** The text under a key of a stored secret in the issuer's own namespace. */
export async function secretText(
  deps: Pick<Deps, "instance" | "store">,
  key: ResourceKey,
  ref: { name: string; key: string },
): Promise<string> {
  const store = await deps.store("secretsManager");
  const name = storedName(deps.instance, key.namespace, ref.name);
  const secret = await store.read(name);
  const value: unknown = secret && jsonField(secret.value, ref.key);
  if (typeof value === "string" && value !== "") return value;
  throw new RefusedError({
    reason: "SecretKeyMissing",
    message: `secret "${name}" has no key "${ref.key}"`,
    fix: `store a JSON object with the key "${ref.key}" as secret "${name}"`,
  });
}

/** The thumbprint of a key in PEM as a JWK (RFC 7638), base64url. */
export function thumbprintOf(pem: string): string {
  const jwk = createPublicKey(pem).export({ format: "jwk" });
  const members =
    jwk.kty === "EC" ? { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y } : { e: jwk.e, kty: jwk.kty, n: jwk.n };
  return createHash("sha256").update(JSON.stringify(members)).digest("base64url");
}

function noKey(name: string): RefusedError {
  return new RefusedError({
    reason: "AccountKeyMissing",
    message: `secret "${name}" does not exist and disableAccountKeyGeneration is true`,
    fix: "store the account's key there, or let certwright make one",
  });
}

function jsonField(text: string, field: string): unknown {
  try {
    return (JSON.parse(text) as Record<string, unknown>)[field];
  } catch {
    return undefined;
  }
}

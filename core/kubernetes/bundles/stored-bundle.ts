import { createHash } from "node:crypto";
import { type Deps, storedName } from "../../deps.ts";
import { isRefusalOf, RefusedError } from "../../errors.ts";
import type { SecretWrite } from "../../ports.ts";
import { clusterNamespace } from "../../resource.ts";
import type { BundleTarget } from "../bundle.ts";
import type { BundleRow } from "../rows.ts";
import { type Pool, pemOf } from "./pool.ts";
import { hashOf, truststores } from "./target-object.ts";

/** The key of the PEM text when no target names one. */
const pemKey = "ca.crt";

/** AWS Secrets Manager's limit. */
const mostBytes = 65_536;

/**
 * Writes a bundle as `<instance>/_cluster/bundle-<name>`: a JSON object with the keys of the targets, truststores in base64.
 * Nothing is written when it holds this content already. Throws what the store throws, SecretTooLarge and SecretOwnedByAnother.
 */
export async function storeBundle(
  deps: Deps,
  { name, target, pool }: { name: string; target: BundleTarget; pool: Pool },
  before: BundleRow["stored"],
): Promise<NonNullable<BundleRow["stored"]>> {
  const store = await deps.store("secretsManager");
  const { owner, secretName } = namesOf(name);
  const stored = storedName(deps.instance, clusterNamespace, secretName);
  await claim(deps, secretName, owner);
  const keys = [...new Set([target.configMap?.key, target.secret?.key].filter((key) => key !== undefined))];
  const texts = keys.length > 0 ? keys : [pemKey];
  const hash = hashOf(texts, target, pool);
  const current = await store.describe(stored);
  if (before?.hash === hash && current?.versionId === before.versionId && !current.deletedAt) return before;
  const write: SecretWrite = {
    name: stored,
    value: await textWith(deps, texts, target, pool),
    token: tokenOf(hash, stored),
    replaces: current?.versionId,
    owner: `${clusterNamespace}/${owner}`,
    namespace: clusterNamespace,
    issuer: `${clusterNamespace}/${owner}`,
  };
  const { versionId } = await store.write(write).catch(async (error: unknown) => {
    if (!isRefusalOf(error, "StaleSecret")) throw error;
    return store.write({ ...write, replaces: (await store.describe(stored))?.versionId });
  });
  return { hash, versionId };
}

/** Ends the claim on the stored secret; the secret stays, as that of a Certificate does. */
export async function releaseBundle(deps: Deps, name: string): Promise<void> {
  const { owner, secretName } = namesOf(name);
  await deps.state.releaseSecret(clusterNamespace, secretName, owner, deps.clock.now().getTime());
}

function namesOf(name: string): { owner: string; secretName: string } {
  return { owner: `Bundle/${name}`, secretName: `bundle-${name}` };
}

async function claim({ state }: Deps, secretName: string, owner: string): Promise<void> {
  const standing = await state.claimSecret({
    namespace: clusterNamespace,
    secretName,
    owner,
    store: "secretsManager",
  });
  if (standing.owner === owner) return;
  throw new RefusedError({
    reason: "SecretOwnedByAnother",
    message: `Secret "${secretName}" belongs to ${standing.owner}`,
    fix: "rename the Bundle, or give the other another secret",
  });
}

async function textWith(deps: Deps, texts: string[], target: BundleTarget, pool: Pool): Promise<string> {
  const pem = pemOf(pool);
  const binaries = Object.entries(await truststores(deps.trust, target, pool));
  const value = JSON.stringify({
    ...Object.fromEntries(texts.map((key) => [key, pem])),
    ...Object.fromEntries(binaries.map(([key, { bytes }]) => [key, bytes.toString("base64")])),
  });
  if (Buffer.byteLength(value) > mostBytes) throw tooLarge(Buffer.byteLength(value));
  return value;
}

function tooLarge(bytes: number): RefusedError {
  return new RefusedError({
    reason: "SecretTooLarge",
    message: `the stored secret would have ${bytes} bytes; AWS Secrets Manager takes ${mostBytes}`,
    fix: "store a Bundle without useDefaultCAs: what runs outside Kubernetes has the public roots from its system",
  });
}

/** A UUID (RFC 9562 5.8) that is the same for the same content: a repeated write is none. */
function tokenOf(hash: string, name: string): string {
  const digits = createHash("sha256").update(`${name}\n${hash}`).digest("hex");
  const [a, b, c, d, e] = [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(13, 16),
    digits.slice(17, 20),
    digits.slice(20, 32),
  ];
  return `${a}-${b}-8${c}-8${d}-${e}`;
}

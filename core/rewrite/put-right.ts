import { createHash } from "node:crypto";
import { storedName } from "../deps.ts";
import { isRefusalOf, UnavailableError } from "../errors.ts";
import { foreignIn } from "../foreign.ts";
import { withKeystores } from "../keystores.ts";
import { resourceOf } from "../resource.ts";
import type { CertificateRow, Issued } from "../rows.ts";
import { keyFromSecretValue, parseSecretValue, type SecretContent, secretValue } from "../secret-value.ts";
import { type Difference, difference } from "./difference.ts";
import type { RewriteWork } from "./rewrite-secret.ts";
import { type StoredFault, storedFault } from "./stored-fault.ts";
import { tellRewritten } from "./tell.ts";

/** How it stands with a stored secret after the look. */
export type Right =
  /** It holds what is wanted, since now or before. */
  | {
      is: "right";
      did: "rewrote" | "looked";
      written: Pick<Issued, "secretArn" | "versionId">;
      foreign: boolean;
      why: Difference | undefined;
    }
  /** It needs a new certificate. */
  | { is: "wrong"; drift: NonNullable<CertificateRow["drift"]>; why: StoredFault }
  | { is: "gone" };

/** How often it begins anew when somebody writes the secret at the same time. */
const rounds = 3;

/**
 * Reads the stored secret, compares it with what is wanted, and writes it as a compare-and-swap when it differs. Key and
 * certificate stay; what others added stays.
 */
export async function putRight(work: RewriteWork): Promise<Right> {
  for (let round = 1; ; round += 1) {
    try {
      return await once(work);
    } catch (error) {
      if (!isRefusalOf(error, "StaleSecret")) throw error;
      const message = `the stored secret ${work.issued.secretName} was written by others again and again`;
      if (round === rounds) throw new UnavailableError({ reason: "SecretChanging", message, cause: error });
    }
  }
}

async function once(work: RewriteWork): Promise<Right> {
  const { deps, issued, certificate } = work;
  const { key, spec } = certificate;
  const store = await deps.store(issued.store);
  const name = storedName(deps.instance, key.namespace, issued.secretName);
  const current = await store.read(name);
  if (!current) return { is: "gone" };
  const { value, versionId } = current;
  const isOurs = versionId === issued.versionId;
  const fault = storedFault(value, { name: key.name, spec, issued, isOurs });
  if (fault) return { is: "wrong", drift: { versionId, ...fault }, why: fault };
  const foreign = isOurs && !issued.foreign ? undefined : foreignIn(value, spec.secretTemplate, issued.template);
  const text = await wantedText(work, value, foreign);
  const right = { is: "right" as const, foreign: foreign !== undefined };
  const why = difference(value, text);
  if (!why) {
    // A version that State does not know of may be ours: who wrote it died before he could tell.
    if (!isOurs) await tellRewritten(work, undefined);
    return { ...right, did: "looked", written: { secretArn: issued.secretArn, versionId }, why };
  }
  const token = tokenOf(text, versionId);
  const request = { name, value: text, token, replaces: versionId, namespace: key.namespace };
  const whose = { owner: `${key.namespace}/${resourceOf(key)}`, issuer: work.row.issuer ?? "" };
  const written = await store.write({ ...request, ...whose });
  await tellRewritten(work, why);
  return { ...right, did: "rewrote", written: { secretArn: written.arn, versionId: written.versionId }, why };
}

/** The key comes from the secret itself, the chain from State as long as it is kept there. */
async function wantedText(
  { deps, row, issued, certificate }: RewriteWork,
  value: string,
  foreign: SecretContent["foreign"] | undefined,
): Promise<string> {
  const { namespace, name } = row.key;
  const stored = parseSecretValue(value);
  const key = keyFromSecretValue(value);
  if (!stored || !key) throw new Error("a secret without fault has certificate and key");
  const item = await deps.state.chain({ namespace, name, attemptId: issued.attemptId });
  const caPem = item?.ca ?? stored.caPem;
  const content: SecretContent = {
    name,
    spec: certificate.spec,
    chainPem: item?.chain ?? stored.chainPem,
    keyPkcs8Der: key.pkcs8,
    ...(caPem === undefined ? {} : { caPem }),
    ...(foreign ? { foreign } : {}),
  };
  try {
    return secretValue(await withKeystores(deps, namespace, { ...content, spec: certificate.spec }));
  } finally {
    key.pkcs8.fill(0);
  }
}

/** The same for the same text over the same version: who repeats a write finds it done. */
function tokenOf(text: string, replaced: string): string {
  const hash = createHash("sha256").update(replaced).update("\n").update(text).digest("hex");
  const parts = [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`, `8${hash.slice(17, 20)}`];
  return [...parts, hash.slice(20, 32)].join("-");
}

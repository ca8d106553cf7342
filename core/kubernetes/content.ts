import { type Deps, storedName } from "../deps.ts";
import { RefusedError } from "../errors.ts";
import { isMap } from "../field-reader.ts";
import { parseSecretValue } from "../secret-value.ts";
import { type Leaf, leafOf } from "./leaf.ts";
import { type Content, type Rendered, render } from "./render.ts";
import type { Wanted } from "./wish.ts";

/** What is to be in the cluster, read from the stored secret. */
export interface Wished {
  rendered: Rendered;
  leaf: Leaf;
}

/** How often, and after how long, the store and State are compared again when one of them is a moment behind. */
const looks = 8;
const betweenLooksMs = 500;

/**
 * Reads the stored secret of a certificate; only one read when it holds what State says. The fact that a certificate was
 * issued goes out before State knows of it, so for some seconds the two may differ. Throws RefusedError NotReadable.
 */
export async function readWished(deps: Deps, wanted: Wanted): Promise<{ wanted: Wanted; wished: Wished }> {
  let now = wanted;
  for (let look = 1; ; look += 1) {
    const content = await read(deps, now);
    const leaf = leafOf(content.keys["tls.crt"], content.keys["tls.key"]);
    if (!leaf) throw notReadable(now, blank);
    if (leaf.fingerprint !== now.issued.fingerprint) now = await again(deps, now);
    if (leaf.fingerprint === now.issued.fingerprint) {
      return { wanted: now, wished: { rendered: render({ ...content, revision: now.revision }), leaf } };
    }
    if (look === looks) throw notReadable(now, "holds another certificate than State knows");
    await deps.pause(betweenLooksMs);
  }
}

const blank = "has no certificate with its key";

async function read({ instance, store }: Deps, { certificate, issued }: Wanted): Promise<Omit<Content, "revision">> {
  const name = storedName(instance, certificate.namespace, issued.secretName);
  const stored = await (await store(issued.store)).read(name);
  const value = stored && parseSecretValue(stored.value);
  if (!value) throw notReadable({ certificate, issued }, stored ? blank : "is gone");
  const { annotations, labels } = value;
  return { certificate, keys: keysOf(stored.value), annotations, labels };
}

function keysOf(value: string): Record<string, string> {
  const all: unknown = JSON.parse(value);
  const keys = isMap(all) ? Object.entries(all) : [];
  return Object.fromEntries(keys.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

/** What State says by now; a deletion wakes the mirror by itself. */
async function again({ state }: Deps, wanted: Wanted): Promise<Wanted> {
  const row = await state.certificate({ ...wanted.certificate, kind: "Certificate" });
  if (!row?.issued || row.issued.secretName !== wanted.issued.secretName) return wanted;
  return { ...wanted, issued: row.issued, revision: row.revision ?? 1 };
}

function notReadable({ certificate, issued }: Pick<Wanted, "certificate" | "issued">, why: string): RefusedError {
  return new RefusedError({
    reason: "NotReadable",
    message: `the stored secret ${certificate.namespace}/${issued.secretName} ${why}`,
    fix: "nothing, when it is being issued again; else `certwright renew`",
  });
}

import { concurrently } from "../concurrently.ts";
import { type CaaQuestion, caaOf, forbiddenBy } from "../dns/caa.ts";
import { baseName } from "../dns-name.ts";
import { RefusedError } from "../errors.ts";
import { idOf } from "../resource.ts";
import type { Work } from "./work.ts";

const namesAtOnce = 8;
/** As many as a message needs. */
const mostNamed = 5;

/**
 * Looks whether the CAA records let this CA issue, before an order is spent: RefusedError CAAForbids names the record. Only for
 * CAs that say who they are (RFC 8555 7.1.1, meta.caaIdentities). What cannot be looked up is left to the CA.
 */
export async function checkCaa(work: Work, names: string[], methodsOf: (name: string) => string[]): Promise<void> {
  const identities = identitiesOf(work.issuer.acme?.directory);
  if (identities.length === 0) return;
  const account = { identities, accountUrl: work.issuer.acme?.accountUrl ?? "" };
  const unknown: string[] = [];
  const forbidden = await concurrently(namesAtOnce, names, async (name) => {
    const set = await caaOf(work.reads.lookup, baseName(name)).catch(() => void unknown.push(name));
    // Which type of challenge it will be, the CA's offers decide: one that is allowed is enough.
    const verdicts = methodsOf(name).map((method) => set && forbiddenBy(set, { ...account, name, method }));
    const [why] = verdicts.includes(undefined) ? [] : verdicts;
    return why === undefined ? [] : [`${why} (for ${name})`];
  });
  if (unknown.length > 0) {
    const certificate = idOf(work.key);
    work.deps.log({ step: "create-order", event: "caa-unknown", certificate, names: unknown.slice(0, mostNamed) });
  }
  if (forbidden.flat().length > 0) throw forbids(forbidden.flat(), account);
}

function identitiesOf(directory: Record<string, unknown> | undefined): string[] {
  const { caaIdentities } = (directory?.meta ?? {}) as { caaIdentities?: unknown };
  return Array.isArray(caaIdentities) ? caaIdentities.filter((one) => typeof one === "string") : [];
}

function forbids(records: string[], { identities: [identity] }: Pick<CaaQuestion, "identities">): RefusedError {
  const shown = [...new Set(records)].slice(0, mostNamed).join("; ");
  return new RefusedError({
    reason: "CAAForbids",
    message: `CAA forbids the CA ${identity} to issue: ${shown}.`,
    fix: `Add a CAA record with the tag issue and the value "${identity}" beside it (issuewild where it says so), correct its parameters, or use an issuer that it allows.`,
  });
}

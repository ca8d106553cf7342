import { issuerKeyOf } from "../asked-for.ts";
import type { Deps } from "../deps.ts";
import { storedName } from "../deps.ts";
import { type Facts, factsOf } from "../facts.ts";
import type { SecretStore } from "../ports.ts";
import { stagingWanted } from "../rehearsal.ts";
import { idOf, type ResourceKey } from "../resource.ts";
import type { AttemptRef, StoreName } from "../rows.ts";

/** What is known of a key, or what kept us from reading it: a bug, which is not its neighbours'. */
export type Gathered = Facts | { key: ResourceKey; error: unknown };

/** What it reads. */
export type Tables = Pick<Deps, "requests" | "clock" | "policy"> & {
  state: Pick<Deps["state"], "certificates" | "issuers" | "csrs">;
};

/** Where stored secrets are described. */
export interface Stores {
  instance: string;
  store(name: StoreName): Promise<Pick<SecretStore, "describe">>;
}

/** Reads requests, rows, issuers and what changed certificates were asked with, each in one call for all keys. */
export async function gather(deps: Tables, keys: ResourceKey[]): Promise<Gathered[]> {
  const [requests, rows] = await Promise.all([deps.requests.getMany(keys), deps.state.certificates(keys)]);
  const now = deps.clock.now();
  const gathered = keys.map((key): Gathered => {
    try {
      return factsOf(key, { request: requests.get(idOf(key)), row: rows.get(idOf(key)), now, policy: deps.policy });
    } catch (error) {
      return { key, error };
    }
  });
  const facts = gathered.flatMap((one) => ("error" in one ? [] : one));
  const issuerKeys = facts.flatMap(({ request }) => (request?.ok ? [issuerKeyOf(request.resource)] : []));
  const changed = facts.flatMap((one) => askedRef(one) ?? []);
  const [issuers, csrs] = await Promise.all([
    deps.state.issuers([...new Map(issuerKeys.map((key) => [idOf(key), key])).values()]),
    changed.length > 0 ? deps.state.csrs(changed) : new Map(),
  ]);
  const known = gathered.map((one) => {
    if ("error" in one || !one.request?.ok) return one;
    const asked = csrs.get(askedRef(one)?.attemptId ?? "")?.asked;
    return { ...one, issuer: issuers.get(idOf(issuerKeyOf(one.request.resource))), asked };
  });
  return withStaging(deps, known);
}

/** The staging issuers of those that are to try their validation there first; mostly none, and then nothing is read. */
async function withStaging({ state }: Tables, gathered: Gathered[]): Promise<Gathered[]> {
  const wanted = (one: Gathered) => ("error" in one ? undefined : stagingWanted(one.row, one.issuer));
  const keys = gathered.flatMap((one) => wanted(one) ?? []);
  if (keys.length === 0) return gathered;
  const rows = await state.issuers([...new Map(keys.map((key) => [idOf(key), key])).values()]);
  return gathered.map((one) => {
    const key = wanted(one);
    return key ? { ...one, staging: rows.get(idOf(key)) } : one;
  });
}

/** Looks at the stored secret: only its description, never its value. */
export async function look(deps: Stores, facts: Facts): Promise<Facts> {
  const issued = facts.row?.issued;
  if (!issued) return facts;
  const store = await deps.store(issued.store);
  const secret = await store.describe(storedName(deps.instance, facts.key.namespace, issued.secretName));
  return { ...facts, secret: secret ?? "absent" };
}

/** The attempt whose request tells what the working certificate was asked with, when the spec is not the one it satisfies. */
function askedRef({ key, request, row }: Facts): AttemptRef | undefined {
  if (!request?.ok || !row?.issued) return undefined;
  const satisfied = row.issued.specHash === request.resource.specHash;
  return satisfied ? undefined : { namespace: key.namespace, name: key.name, attemptId: row.issued.attemptId };
}

import * as z from "zod/mini";
import type { DnsAccess, DnsAdapter } from "../../core/dns-adapter.ts";
import { RefusedError, UnavailableError } from "../../core/errors.ts";
import type { DnsProvider, RecordResult, TxtRecord } from "../../core/ports.ts";
import { readSecretRef, type SecretRef } from "../../core/secret-ref.ts";

interface DigitalOceanSolver {
  tokenSecretRef: SecretRef;
}

/**
 * TXT records at DigitalOcean (https://docs.digitalocean.com/reference/api/). Every value is a record with an id of its own:
 * adding and removing one never touches its neighbours.
 */
export const digitalocean: DnsAdapter<DigitalOceanSolver> = {
  // cert-manager's fields of this solver.
  solver: {
    table: { tokenSecretRef: "read" },
    read: (fields) => ({
      tokenSecretRef: readSecretRef(fields, "tokenSecretRef", { name: "name is required", key: "key is required" }),
    }),
  },
  // Nothing of AWS is called, but the token is a stored secret.
  permissions: () => ({ publish: [], settled: [], cleanUp: [] }),
  readsSecrets: true,
  create: async ({ tokenSecretRef }, { secret, fetch, clock }) =>
    providerFor({ token: await secret(tokenSecretRef), fetch, clock }),
};

interface DigitalOceanDeps extends Pick<DnsAccess, "fetch" | "clock"> {
  token: string;
}

/** The API tells nothing of propagation, so a change counts as settled after this time. */
const settlingMs = 30_000;
const ttlSeconds = 30;
const pageSize = 200;

function providerFor(deps: DigitalOceanDeps): DnsProvider {
  return {
    publish: (records) => each(records, deps, add, noZone),
    cleanUp: (records) => each(records, deps, remove, () => ({ unchanged: true })),
    settled: async (changes) => {
      const now = deps.clock.now().getTime();
      return new Map(changes.map((change) => [change, !(Number(change.split("@")[1]) > now)]));
    },
  };
}

type Result = { change: string } | { unchanged: true } | { error: Error };
type Act = (deps: DigitalOceanDeps, zone: string, record: TxtRecord) => Promise<boolean>;

/** An answer for each record, in their order; one that is given twice is done once. */
async function each(
  records: TxtRecord[],
  deps: DigitalOceanDeps,
  act: Act,
  withoutZone: (record: TxtRecord) => Result,
): Promise<RecordResult[]> {
  const settledAt = deps.clock.now().getTime() + settlingMs;
  const zones = records.length > 0 ? listZones(deps) : Promise.resolve([]);
  const one = async (record: TxtRecord): Promise<Result> => {
    const zone = holding(await zones, record.name);
    if (zone === undefined) return withoutZone(record);
    return (await act(deps, zone, record)) ? { change: `${zone}@${settledAt}` } : { unchanged: true };
  };
  const results = new Map<string, Promise<Result>>();
  const once = (record: TxtRecord): Promise<Result> => {
    const id = `${record.name} ${record.value}`;
    const result = results.get(id) ?? one(record).catch((error: Error) => ({ error }));
    results.set(id, result);
    return result;
  };
  return Promise.all(records.map(async (record) => ({ record, ...(await once(record)) })));
}

/** False: it was there. */
async function add(deps: DigitalOceanDeps, zone: string, { name, value }: TxtRecord): Promise<boolean> {
  if ((await recordsAt(deps, zone, name)).some(({ data }) => data === value)) return false;
  const body = { type: "TXT", name: name.slice(0, -zone.length - 1), data: value, ttl: ttlSeconds };
  await call(deps, "POST", `/domains/${zone}/records`, body);
  return true;
}

/** False: it was not there. */
async function remove(deps: DigitalOceanDeps, zone: string, { name, value }: TxtRecord): Promise<boolean> {
  const ours = (await recordsAt(deps, zone, name)).filter(({ data }) => data === value);
  for (const { id } of ours) await call(deps, "DELETE", `/domains/${zone}/records/${id}`);
  return ours.length > 0;
}

const domains = z.object({ domains: z.array(z.object({ name: z.string() })) });
const domainRecords = z.object({ domain_records: z.array(z.object({ id: z.number(), data: z.string() })) });

async function listZones(deps: DigitalOceanDeps): Promise<string[]> {
  const names: string[] = [];
  for (let page = 1; names.length === (page - 1) * pageSize; page += 1) {
    const answer = await call(deps, "GET", `/domains?per_page=${pageSize}&page=${page}`);
    names.push(...domains.parse(answer).domains.map(({ name }) => name));
  }
  return names;
}

async function recordsAt(deps: DigitalOceanDeps, zone: string, name: string) {
  const answer = await call(deps, "GET", `/domains/${zone}/records?type=TXT&name=${name}&per_page=${pageSize}`);
  return domainRecords.parse(answer).domain_records;
}

/** The longest of the zones that hold the name. */
function holding(zones: string[], name: string): string | undefined {
  return zones.filter((zone) => name.endsWith(`.${zone}`)).sort((a, b) => b.length - a.length)[0];
}

async function call({ token, fetch }: DigitalOceanDeps, method: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(`https://api.digitalocean.com/v2${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    signal: AbortSignal.timeout(20_000),
    ...(body && { body: JSON.stringify(body) }),
  }).catch((cause: unknown) => {
    throw new UnavailableError({ reason: "DigitalOceanUnavailable", message: `${method} ${path} failed`, cause });
  });
  if (answer.ok) return answer.status === 204 ? {} : answer.json();
  const message = `DigitalOcean answered ${answer.status} to ${method} ${path}`;
  const passes = answer.status === 429 || answer.status >= 500;
  if (passes) throw new UnavailableError({ reason: "DigitalOceanUnavailable", message });
  const fix = "Check the token and its scopes in the secret that tokenSecretRef names.";
  throw new RefusedError({ reason: "DigitalOceanRefused", message, fix });
}

function noZone({ name }: TxtRecord): Result {
  const message = `No domain of this DigitalOcean account holds ${name}.`;
  const fix = "Add the domain to the account, or use another solver.";
  return { error: new RefusedError({ reason: "HostedZoneNotFound", message, fix }) };
}

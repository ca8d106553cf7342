import { concurrently } from "../../../core/concurrently.ts";
import type { DnsAccess } from "../../../core/dns-adapter.ts";
import { RefusedError, UnavailableError } from "../../../core/errors.ts";
import type { DnsProvider, RecordResult, TxtRecord } from "../../../core/ports.ts";
import { type AcmeDnsAccount, accountFor, accountsIn } from "./accounts.ts";
import { type Look, lookAtServers } from "./look.ts";
import { type ServerDeps, update } from "./server.ts";
import type { AcmeDnsSolver } from "./solver.ts";

interface AcmeDnsDeps extends ServerDeps {
  accounts: Map<string, AcmeDnsAccount>;
  look: Look;
}

/** What an account serves at most: enough for a domain and its wildcard. */
const valuesKept = 2;
/** Looks at what the server serves, each followed by writing what is missing. */
const looks = 3;
const accountsAtOnce = 5;
/** The server that is written to is the one that answers; this is for the case that there are two. */
const settlingMs = 5_000;

type Result = { change: string } | { unchanged: true } | { error: Error };

/** Reads the accounts and talks to the solver's server. */
export async function openAcmeDns(
  { host, accountSecretRef }: AcmeDnsSolver,
  access: DnsAccess & Partial<Pick<ServerDeps, "addressesOf">>,
  look: Look = lookAtServers(),
): Promise<DnsProvider> {
  const accounts = accountsIn(await access.secret(accountSecretRef));
  return acmeDnsRecords({ ...access, host, accounts, look });
}

/**
 * The server keeps the last two values of an account and removes none. So a value that is served is not written again: that
 * would push out the other one. Nothing is cleaned up either; the next two values take the place of what is left.
 */
function acmeDnsRecords(deps: AcmeDnsDeps): DnsProvider {
  return {
    publish: (records) => publish(records, deps),
    cleanUp: async (records) => records.map((record) => ({ record, unchanged: true as const })),
    settled: async (changes) => {
      const now = deps.clock.now().getTime();
      return new Map(changes.map((change) => [change, !(Number(change.split("@")[1]) > now)]));
    },
  };
}

async function publish(records: TxtRecord[], deps: AcmeDnsDeps): Promise<RecordResult[]> {
  const byAccount = Map.groupBy(records, ({ name }) => accountFor(deps.accounts, name));
  const served = await concurrently(accountsAtOnce, [...byAccount], async ([account, ours]) => {
    if (!account) return [account, new Map<string, Result>()] as const;
    return [account, await serve(deps, account, [...new Set(ours.map(({ value }) => value))])] as const;
  });
  const results = new Map(served);
  return records.map((record) => {
    const account = accountFor(deps.accounts, record.name);
    const result = account ? results.get(account)?.get(record.value) : { error: noAccount(record.name) };
    return { record, ...(result ?? { error: new Error(`No answer for ${record.name}.`) }) };
  });
}

/** Writes the values that are not served, and looks whether all have come to stay. */
async function serve(deps: AcmeDnsDeps, account: AcmeDnsAccount, values: string[]): Promise<Map<string, Result>> {
  const wanted = values.slice(0, valuesKept);
  const change = `${account.fulldomain}@${deps.clock.now().getTime() + settlingMs}`;
  const results = new Map<string, Result>(values.map((value) => [value, { error: tooMany(account) }]));
  for (const value of wanted) results.set(value, { unchanged: true });
  let missing = await notServed(deps, account, wanted, wanted);
  for (let round = 1; missing.length > 0; round += 1) {
    if (round > looks) {
      for (const value of missing) results.set(value, { error: overwritten(account) });
      return results;
    }
    for (const value of missing) results.set(value, await write(deps, account, value, change));
    const written = wanted.filter((value) => !("error" in (results.get(value) ?? {})));
    missing = await notServed(deps, account, written, []);
  }
  return results;
}

/** `ifUnknown`: what is taken for missing when nobody can be asked. */
async function notServed(
  { look }: AcmeDnsDeps,
  { fulldomain }: AcmeDnsAccount,
  values: string[],
  ifUnknown: string[],
): Promise<string[]> {
  const served = values.length > 0 ? await look(fulldomain) : values;
  return served ? values.filter((value) => !served.includes(value)) : ifUnknown;
}

async function write(deps: AcmeDnsDeps, account: AcmeDnsAccount, value: string, change: string): Promise<Result> {
  try {
    await update(deps, account, value);
    return { change };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}

function noAccount(name: string): RefusedError {
  const domain = name.replace(/^_acme-challenge\./, "");
  return new RefusedError({
    reason: "HostedZoneNotFound",
    message: `The secret that accountSecretRef names has no acme-dns account for ${domain}.`,
    fix: `Register one at the server, store its answer under "${domain}", and make ${name} a CNAME for its fulldomain.`,
  });
}

function tooMany({ fulldomain }: AcmeDnsAccount): RefusedError {
  return new RefusedError({
    reason: "AcmeDnsFull",
    message: `More than ${valuesKept} values are wanted at ${fulldomain} at once, and acme-dns serves the last ${valuesKept} only.`,
    fix: "Nothing, if two are enough at a time: it is tried again. Otherwise give each domain an account of its own.",
  });
}

function overwritten({ fulldomain }: AcmeDnsAccount): UnavailableError {
  const message = `Others write to ${fulldomain} at the same time, and acme-dns serves the last ${valuesKept} values only.`;
  return new UnavailableError({ reason: "AcmeDnsOverwritten", message });
}

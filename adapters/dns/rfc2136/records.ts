import { concurrently } from "../../../core/concurrently.ts";
import type { DnsAccess } from "../../../core/dns-adapter.ts";
import { RefusedError } from "../../../core/errors.ts";
import type { DnsProvider, RecordResult, TxtRecord } from "../../../core/ports.ts";
import { exchangeWith } from "../exchange.ts";
import type { ConversationDeps } from "./conversation.ts";
import { look } from "./look.ts";
import type { Rfc2136Solver } from "./solver.ts";
import type { TsigKey } from "./tsig.ts";
import { addition, type NameChange, removal, submit } from "./updates.ts";

/** What became of one name; its values share it. */
type NameResult = { change: string } | { unchanged: true } | { error: Error };
type Verb = "publish" | "cleanUp";

/** Secondary servers are told at once (NOTIFY, RFC 1996); the protocol does not say when they have followed. */
const settlingMs = 10_000;
const queriesAtOnce = 8;

/** Reads the key's secret and talks to the solver's name server. */
export async function openRfc2136(
  { nameserver, protocol, tsig }: Rfc2136Solver,
  access: Pick<DnsAccess, "clock" | "secret" | "allowedPrivateHosts">,
): Promise<DnsProvider> {
  const exchange = exchangeWith(nameserver, { allowedPrivateHosts: access.allowedPrivateHosts });
  const key = tsig && (await keyOf(tsig, access));
  return rfc2136Records({ exchange, protocol, key, clock: access.clock });
}

/** TXT records by updates: each value is added or removed alone, so others' values are never touched. */
export function rfc2136Records(deps: ConversationDeps): DnsProvider {
  return {
    publish: (records) => change("publish", records, deps),
    cleanUp: (records) => change("cleanUp", records, deps),
    settled: async (changes) => {
      const now = deps.clock.now().getTime();
      return new Map(changes.map((id) => [id, !(Number(id.split("@")[1]) > now)]));
    },
  };
}

async function change(verb: Verb, records: TxtRecord[], deps: ConversationDeps): Promise<RecordResult[]> {
  const results = new Map<string, NameResult>();
  const valuesByName = Map.groupBy(records, ({ name }) => name);
  const planned = await concurrently(queriesAtOnce, [...valuesByName], async ([name, same]) => {
    const result = await plan(verb, name, [...new Set(same.map(({ value }) => value))], deps).catch(asError);
    if (result instanceof Error) results.set(name, withoutZone(verb, result));
    else if (result === undefined) results.set(name, { unchanged: true });
    return result instanceof Error ? undefined : result;
  });
  const changes = planned.filter((one) => one !== undefined);
  const settledAt = deps.clock.now().getTime() + settlingMs;
  for (const [zone, inZone] of Map.groupBy(changes, (one) => one.zone)) {
    for (const [name, error] of await submit(deps, zone, inZone)) {
      results.set(name, error === undefined ? { change: `${zone}@${settledAt}` } : { error });
    }
  }
  return records.map((record) => ({ record, ...(results.get(record.name) ?? unanswered(record)) }));
}

/** What an update must do at a name; undefined when all is as wished. */
async function plan(
  verb: Verb,
  name: string,
  values: string[],
  deps: ConversationDeps,
): Promise<NameChange | undefined> {
  const { zone, txt } = await look(deps, name);
  const there = new Set(txt.map(({ text }) => text));
  const updates =
    verb === "publish"
      ? values.filter((value) => !there.has(value)).map((value) => addition(name, value, txt[0]?.ttl))
      : txt.filter(({ text }) => values.includes(text)).map(removal);
  return updates.length > 0 ? { name, zone, updates } : undefined;
}

/** What no zone can hold is not there. */
function withoutZone(verb: Verb, error: Error): NameResult {
  const gone = error instanceof RefusedError && ["HostedZoneNotFound", "ChallengeNameTaken"].includes(error.reason);
  return verb === "cleanUp" && gone ? { unchanged: true } : { error };
}

/** Stored as the name server's own configuration has it: base64. */
async function keyOf(
  tsig: NonNullable<Rfc2136Solver["tsig"]>,
  { secret }: Pick<DnsAccess, "secret">,
): Promise<TsigKey> {
  const text = (await secret(tsig.secretRef)).trim();
  const bytes = Buffer.from(text, "base64");
  if (text !== "" && bytes.toString("base64").replace(/=+$/, "") === text.replace(/=+$/, "")) {
    return { name: tsig.keyName, algorithm: tsig.algorithm, secret: bytes };
  }
  throw new RefusedError({
    reason: "TsigSecretInvalid",
    message: `Key "${tsig.secretRef.key}" of secret "${tsig.secretRef.name}" is not base64.`,
    fix: "Store the TSIG secret as the name server's configuration has it, such as tsig-keygen or keymgr prints it.",
  });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function unanswered({ name }: TxtRecord): NameResult {
  return { error: new Error(`No answer for ${name}.`) };
}

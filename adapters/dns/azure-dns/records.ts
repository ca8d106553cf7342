import { concurrently } from "../../../core/concurrently.ts";
import type { DnsAccess } from "../../../core/dns-adapter.ts";
import { RefusedError, UnavailableError } from "../../../core/errors.ts";
import type { DnsProvider } from "../../../core/ports.ts";
import { byName, type NameResult, type Verb, valuesAfter, type Wish } from "../by-name.ts";
import { credentialIn } from "../json-api.ts";
import { type AzureDnsDeps, type Condition, listZones, readTxt, type TxtSet, writeTxt } from "./client.ts";
import { accessTokens } from "./sign-in.ts";
import type { AzureDnsSolver } from "./solver.ts";

/** The API does not say when all name servers have a change, so it counts as settled after this time. */
const settlingMs = 30_000;
/** cert-manager's. */
const ttlSeconds = 60;
const namesAtOnce = 5;
/** Every conflict has a winner, so this many changes at one name all get through. */
const maxRounds = 60;

/** Reads the service principal's secret; tokens are asked for when they are needed. */
export async function openAzureDns(
  solver: AzureDnsSolver,
  { secret, fetch, clock }: Pick<DnsAccess, "secret" | "fetch" | "clock">,
): Promise<DnsProvider> {
  const clientSecret = credentialIn(await secret(solver.clientSecretSecretRef), "clientSecretSecretRef");
  const deps: AzureDnsDeps = { solver, fetch, clock, token: accessTokens({ solver, clientSecret, fetch, clock }) };
  const { hostedZoneName } = solver;
  return {
    ...byName({
      zones: async () => (hostedZoneName === undefined ? listZones(deps) : [{ name: hostedZoneName }]),
      change: (verb, { name }, wishes) => changeZone(deps, verb, name, wishes),
      noZone: (name) => noZone(name, solver),
      ambiguous: ([zone]) => noZone(zone?.name ?? "", solver),
    }),
    settled: async (changes) => {
      const now = clock.now().getTime();
      return new Map(changes.map((change) => [change, !(Number(change.split("@")[1]) > now)]));
    },
  };
}

/** Azure has one call for each name; a name's error is its own. */
async function changeZone(
  deps: AzureDnsDeps,
  verb: Verb,
  zone: string,
  wishes: Wish[],
): Promise<Map<string, NameResult>> {
  const change = `${zone}@${deps.clock.now().getTime() + settlingMs}`;
  const results = await concurrently(namesAtOnce, wishes, async (wish): Promise<[string, NameResult]> => {
    try {
      return [wish.name, (await fulfil(deps, verb, zone, wish)) ? { change } : { unchanged: true }];
    } catch (error) {
      return [wish.name, { error: error instanceof Error ? error : new Error(String(error)) }];
    }
  });
  return new Map(results);
}

/**
 * Publishing creates first and looks only when something is there; every write is conditional (If-None-Match, If-Match), so
 * that it is a compare-and-swap. False: nothing had to be done.
 */
async function fulfil(deps: AzureDnsDeps, verb: Verb, zone: string, wish: Wish): Promise<boolean> {
  const { name } = wish;
  for (let round = 0; round < maxRounds; round += 1) {
    const blind = round === 0 && verb === "publish";
    const found = blind ? undefined : await readTxt(deps, zone, name);
    const after = valuesAfter(verb, wish, textsOf(found));
    if (after === undefined) return false;
    const condition: Condition = found ? { "if-match": found.etag } : { "if-none-match": "*" };
    const properties = after.length === 0 ? undefined : propertiesOf(after, found);
    if (await writeTxt(deps, { zone, name }, condition, properties)) return true;
  }
  throw new UnavailableError({
    reason: "AzureDNSContention",
    message: `Others kept changing ${name} in zone ${zone} between our read and our write.`,
  });
}

function textsOf(found: TxtSet | undefined): string[] {
  return (found?.properties.TXTRecords ?? []).map(({ value }) => value.join(""));
}

/** A write replaces all of the set: what others set goes with it. */
function propertiesOf(values: string[], found: TxtSet | undefined): TxtSet["properties"] {
  const records = found?.properties.TXTRecords ?? [];
  const { TTL = ttlSeconds, metadata } = found?.properties ?? {};
  const TXTRecords = values.map((text) => records.find(({ value }) => value.join("") === text) ?? recordOf(text));
  return { TTL, ...(metadata && { metadata }), TXTRecords };
}

/** Strings of at most 255 characters. */
function recordOf(text: string): { value: string[] } {
  return { value: text.match(/.{1,255}/gs) ?? [""] };
}

function noZone(name: string, { resourceGroupName, hostedZoneName }: AzureDnsSolver): RefusedError {
  const which = hostedZoneName === undefined ? "No public DNS zone" : `The DNS zone ${hostedZoneName}`;
  return new RefusedError({
    reason: "HostedZoneNotFound",
    message: `${which} of resource group ${resourceGroupName} ${hostedZoneName === undefined ? "holds" : "does not hold"} ${name}.`,
    fix: "Create the public zone (or delegate to it), correct resourceGroupName or hostedZoneName, or use another solver.",
  });
}

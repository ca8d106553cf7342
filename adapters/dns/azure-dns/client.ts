import * as z from "zod/mini";
import type { DnsAccess } from "../../../core/dns-adapter.ts";
import { RefusedError } from "../../../core/errors.ts";
import { askJson, type JsonAnswer, refusedBy, type Vendor } from "../json-api.ts";
import { nameTaken } from "../name-taken.ts";
import type { AzureCloud, AzureDnsSolver } from "./solver.ts";

export interface AzureDnsDeps extends Pick<DnsAccess, "fetch" | "clock"> {
  solver: AzureDnsSolver;
  token(): Promise<string>;
}

export const vendor: Vendor = {
  name: "Azure",
  refused: {
    reason: "AzureDNSRefused",
    fix: "Give the service principal the role DNS Zone Contributor on the zone or its resource group. Look at what the zone holds at that name.",
  },
  unavailable: { reason: "AzureDNSUnavailable" },
  limited: { reason: "AzureDNSRateLimited" },
};

/** Where each cloud signs in, and where it is managed. */
export const endpoints: Record<AzureCloud, { login: string; management: string }> = {
  AzurePublicCloud: { login: "https://login.microsoftonline.com", management: "https://management.azure.com" },
  AzureChinaCloud: { login: "https://login.chinacloudapi.cn", management: "https://management.chinacloudapi.cn" },
  AzureUSGovernmentCloud: {
    login: "https://login.microsoftonline.us",
    management: "https://management.usgovcloudapi.net",
  },
};

const apiVersion = "api-version=2018-05-01";

export type TxtSet = z.infer<typeof txtSet>;
const txtSet = z.object({
  etag: z.string(),
  properties: z.object({
    TTL: z.optional(z.number()),
    metadata: z.optional(z.record(z.string(), z.string())),
    TXTRecords: z.optional(z.array(z.object({ value: z.array(z.string()) }))),
  }),
});
const zonesPage = z.object({
  value: z.array(
    z.object({ name: z.string(), properties: z.optional(z.object({ zoneType: z.optional(z.string()) })) }),
  ),
  nextLink: z.optional(z.nullable(z.string())),
});
const failure = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** The public zones of the resource group. */
export async function listZones(deps: AzureDnsDeps): Promise<{ name: string }[]> {
  const zones: { name: string }[] = [];
  const { management } = endpoints[deps.solver.environment];
  let url: string | undefined = `${zonesUrl(deps)}?${apiVersion}`;
  while (url !== undefined) {
    const answer = await ask(deps, { method: "GET", url });
    if (!answer.ok) throw refused(answer, `the zones of resource group ${deps.solver.resourceGroupName}`);
    const { value, nextLink } = zonesPage.parse(answer.body);
    zones.push(...value.filter(({ properties }) => properties?.zoneType !== "Private").map(({ name }) => ({ name })));
    // The token goes nowhere else.
    if (nextLink && !nextLink.startsWith(`${management}/`)) throw strayLink(nextLink);
    url = nextLink || undefined;
  }
  return zones;
}

/** A 404 of the resource manager, not of Azure DNS: a set that is not there is `NotFound`. */
const goneWithZone = ["ResourceNotFound", "ParentResourceNotFound", "ResourceGroupNotFound"];

/** The TXT set of one name, as it is now. Throws RefusedError HostedZoneNotFound when its zone is gone. */
export async function readTxt(deps: AzureDnsDeps, zone: string, name: string): Promise<TxtSet | undefined> {
  const answer = await ask(deps, { method: "GET", url: setUrl(deps, zone, name) });
  if (answer.ok) return txtSet.parse(answer.body);
  const { code = "" } = failure.safeParse(answer.body).data?.error ?? {};
  if (answer.status === 404) {
    if (goneWithZone.includes(code)) throw zoneGone(deps, zone);
    return undefined;
  }
  throw refused(answer, `TXT at ${name}`);
}

/** How a set must be for a write to be done: not there, or of this etag. */
export type Condition = { "if-none-match": "*" } | { "if-match": string };

/** Writes or deletes a set. True: done; false: the condition does not hold any more. */
export async function writeTxt(
  deps: AzureDnsDeps,
  { zone, name }: { zone: string; name: string },
  condition: Condition,
  properties: TxtSet["properties"] | undefined,
): Promise<boolean> {
  const method = properties === undefined ? "DELETE" : "PUT";
  const body = properties === undefined ? {} : { body: { properties } };
  const answer = await ask(deps, { method, url: setUrl(deps, zone, name), headers: condition, ...body });
  if (answer.ok) return true;
  if (answer.status === 412) return false;
  if (answer.status === 404) throw zoneGone(deps, zone);
  const words = wordsOf(answer);
  throw /CNAME/.test(words) ? nameTaken(name, "Azure DNS") : refused(answer, `TXT at ${name}`);
}

function ask(
  deps: AzureDnsDeps,
  request: { method: "GET" | "PUT" | "DELETE"; url: string; headers?: Condition; body?: object },
): Promise<JsonAnswer> {
  const { headers, ...rest } = request;
  return deps
    .token()
    .then((token) => askJson(vendor, deps, { ...rest, headers: { ...headers, authorization: `Bearer ${token}` } }));
}

function zonesUrl({ solver }: AzureDnsDeps): string {
  const { environment, subscriptionID, resourceGroupName } = solver;
  const group = `/subscriptions/${subscriptionID}/resourceGroups/${encodeURIComponent(resourceGroupName)}`;
  return `${endpoints[environment].management}${group}/providers/Microsoft.Network/dnsZones`;
}

function setUrl(deps: AzureDnsDeps, zone: string, name: string): string {
  const relative = name === zone ? "@" : name.slice(0, -zone.length - 1);
  return `${zonesUrl(deps)}/${zone}/TXT/${relative}?${apiVersion}`;
}

function wordsOf({ body }: JsonAnswer): string {
  const error = failure.safeParse(body).data?.error;
  return error ? `${error.code}: ${error.message}` : "";
}

function refused(answer: JsonAnswer, what: string): RefusedError {
  return refusedBy(vendor, answer, what, wordsOf(answer));
}

function strayLink(link: string): RefusedError {
  return new RefusedError({
    ...vendor.refused,
    message: `Azure's list of zones goes on at ${URL.parse(link)?.host ?? "a place that is no URL"}, which is not asked.`,
  });
}

function zoneGone({ solver }: AzureDnsDeps, zone: string): RefusedError {
  return new RefusedError({
    reason: "HostedZoneNotFound",
    message: `Resource group ${solver.resourceGroupName} has no DNS zone ${zone}.`,
    fix: "Create the public zone, or correct hostedZoneName, resourceGroupName or subscriptionID in the issuer's solver.",
  });
}

import * as z from "zod/mini";
import type { DnsAccess } from "../../../core/dns-adapter.ts";
import { askJson, type JsonAnswer, refusedBy } from "../json-api.ts";
import { vendor } from "./vendor.ts";

export interface CloudDnsDeps extends Pick<DnsAccess, "fetch" | "clock"> {
  project: string;
  token(): Promise<string>;
}

/** A managed zone: `name` is its DNS name, as everywhere here; `id` its own name in Google Cloud. */
export interface Zone {
  id: string;
  name: string;
}

export type RecordSet = z.infer<typeof recordSet>;
const recordSet = z.object({
  name: z.string(),
  type: z.string(),
  ttl: z.optional(z.number()),
  /** Absent when the answer depends on who asks (a routing policy). */
  rrdatas: z.optional(z.array(z.string())),
});
const managedZone = z.object({ name: z.string(), dnsName: z.string(), visibility: z.optional(z.string()) });
const zonesPage = z.object({ managedZones: z.optional(z.array(managedZone)), nextPageToken: z.optional(z.string()) });
const setsPage = z.object({ rrsets: z.optional(z.array(recordSet)) });
const change = z.object({ id: z.string(), status: z.string() });
const failure = z.object({
  error: z.object({ message: z.string(), errors: z.optional(z.array(z.object({ message: z.string() }))) }),
});

/** The public zones of the project, or the one of that name; none when there is no such zone or it is private. */
export async function publicZones(deps: CloudDnsDeps, hostedZoneName: string | undefined): Promise<Zone[]> {
  if (hostedZoneName !== undefined) {
    const answer = await ask(deps, "GET", `/${hostedZoneName}`);
    if (answer.status === 404) return [];
    return servedPublicly([managedZone.parse(succeeded(answer, `zone ${hostedZoneName}`))]);
  }
  const zones: Zone[] = [];
  let pageToken: string | undefined;
  do {
    const page = new URLSearchParams(pageToken === undefined ? {} : { pageToken });
    const answer = succeeded(await ask(deps, "GET", page.size > 0 ? `?${page}` : ""), "the list of zones");
    const { managedZones = [], nextPageToken } = zonesPage.parse(answer);
    zones.push(...servedPublicly(managedZones));
    pageToken = nextPageToken || undefined;
  } while (pageToken !== undefined);
  return zones;
}

/** The TXT set of one name, as it is now. */
export async function readTxt(deps: CloudDnsDeps, zone: Zone, name: string): Promise<RecordSet | undefined> {
  const query = new URLSearchParams({ name: `${name}.`, type: "TXT" });
  const answer = succeeded(await ask(deps, "GET", `/${zone.id}/rrsets?${query}`), `TXT at ${name}`);
  return (setsPage.parse(answer).rrsets ?? []).find((set) => set.type === "TXT" && set.name === `${name}.`);
}

/** All or nothing. Answers the change's id, or why not: status and messages. */
export async function makeChange(
  deps: CloudDnsDeps,
  zone: Zone,
  sets: { additions: RecordSet[]; deletions: RecordSet[] },
): Promise<{ id: string } | { refusal: JsonAnswer; messages: string[] }> {
  const answer = await ask(deps, "POST", `/${zone.id}/changes`, sets);
  return answer.ok ? { id: change.parse(answer.body).id } : { refusal: answer, messages: messagesOf(answer) };
}

/** Whether Google has sent the change to its name servers; a forgotten change long has. */
export async function isDone(deps: CloudDnsDeps, zoneId: string, changeId: string): Promise<boolean> {
  const answer = await ask(deps, "GET", `/${zoneId}/changes/${changeId}`);
  return answer.status === 404 || change.parse(succeeded(answer, `change ${changeId}`)).status === "done";
}

function messagesOf({ body }: JsonAnswer): string[] {
  const error = failure.safeParse(body).data?.error;
  return error ? [...new Set([error.message, ...(error.errors ?? []).map(({ message }) => message)])] : [];
}

async function ask(deps: CloudDnsDeps, method: "GET" | "POST", path: string, body?: object): Promise<JsonAnswer> {
  const headers = { authorization: `Bearer ${await deps.token()}` };
  const url = `https://dns.googleapis.com/dns/v1/projects/${deps.project}/managedZones${path}`;
  return askJson(vendor, deps, { method, url, headers, ...(body && { body }) });
}

function succeeded(answer: JsonAnswer, what: string): unknown {
  if (answer.ok) return answer.body ?? {};
  throw refusedBy(vendor, answer, what, messagesOf(answer).join(" "));
}

/** Private zones answer no CA. */
function servedPublicly(zones: z.infer<typeof managedZone>[]): Zone[] {
  return zones
    .filter(({ visibility = "public" }) => visibility === "public")
    .map(({ name: id, dnsName }) => ({ id, name: dnsName.replace(/\.$/, "").toLowerCase() }));
}

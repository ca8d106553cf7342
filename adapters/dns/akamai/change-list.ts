import { randomUUID } from "node:crypto";
import * as z from "zod/mini";
import type { DnsAccess } from "../../../core/dns-adapter.ts";
import { RefusedError } from "../../../core/errors.ts";
import { askJson, type JsonAnswer, type JsonRequest, refusedBy, type Vendor } from "../json-api.ts";
import { nameTaken } from "../name-taken.ts";
import { type EdgeGridClient, edgeGridHeader } from "./edge-grid.ts";

export interface AkamaiDeps extends Pick<DnsAccess, "fetch" | "clock"> {
  host: string;
  client: EdgeGridClient;
}

const vendor: Vendor = {
  name: "Akamai Edge DNS",
  refused: {
    reason: "AkamaiRefused",
    fix: "Give the API client READ-WRITE access to the API service DNS-Zone Record Management, for this zone. Look at what the zone holds at that name.",
  },
  unavailable: { reason: "AkamaiUnavailable" },
  limited: { reason: "AkamaiRateLimited" },
};

export type TxtSet = z.infer<typeof txtSet>;
const txtSet = z.object({ name: z.string(), type: z.string(), ttl: z.number(), rdata: z.array(z.string()) });
const zones = z.object({ zones: z.array(z.object({ zone: z.string(), type: z.string() })) });
const changeList = z.object({ lastModifiedDate: z.string(), stale: z.boolean() });
const recordSets = z.object({ recordsets: z.array(z.extend(txtSet, { state: z.string() })) });
const problem = z.object({ title: z.optional(z.string()), detail: z.optional(z.string()) });

/** A change of one set, within a change list. */
export interface SetChange {
  name: string;
  type: "TXT";
  op: "ADD" | "EDIT" | "DELETE";
  ttl?: number;
  rdata?: string[];
}

/** The zones whose records are kept at Akamai. */
export async function listZones(deps: AkamaiDeps): Promise<{ name: string }[]> {
  const answer = succeeded(await ask(deps, "GET", "/zones?types=PRIMARY&showAll=true"), "the list of zones");
  return zones
    .parse(answer)
    .zones.filter(({ type }) => type === "PRIMARY")
    .map(({ zone }) => ({ name: zone.toLowerCase() }));
}

/**
 * Begins a change list over the zone's newest version: an API client has one for a zone. False: it has one already; with "any"
 * that one goes. Never "stale": whoever works at the stale one would go on in the new one.
 */
export async function begin(deps: AkamaiDeps, zone: string, overwrite: "none" | "any"): Promise<boolean> {
  const answer = await ask(deps, "POST", `/changelists?zone=${zone}&overwrite=${overwrite}`);
  if (answer.status === 404) throw zoneGone(zone);
  return untilConflict(answer, `a change list for ${zone}`);
}

/** When somebody last wrote to the change list that is there; undefined when there is none any more. */
export async function lastModified(deps: AkamaiDeps, zone: string): Promise<Date | undefined> {
  const answer = await ask(deps, "GET", `/changelists/${zone}`);
  if (answer.status === 404) return undefined;
  return new Date(changeList.parse(succeeded(answer, `the change list of ${zone}`)).lastModifiedDate);
}

/** All TXT sets of the version that the change list stands on, by name. */
export async function readTxt(deps: AkamaiDeps, zone: string): Promise<Map<string, TxtSet>> {
  const path = `/changelists/${zone}/recordsets?types=TXT&showAll=true`;
  const answer = succeeded(await ask(deps, "GET", path), `the TXT records of ${zone}`);
  const held = recordSets.parse(answer).recordsets.filter(({ type, state }) => type === "TXT" && state !== "DELETED");
  return new Map(held.map((set) => [set.name.toLowerCase(), set]));
}

/** False: the list is stale. Throws RefusedError for this set alone. */
export async function add(deps: AkamaiDeps, zone: string, change: SetChange): Promise<boolean> {
  const answer = await ask(deps, "POST", `/changelists/${zone}/recordsets/add-change`, change);
  if (answer.ok || answer.status === 409 || !/CNAME/.test(wordsOf(answer))) {
    return untilConflict(answer, `TXT at ${change.name}`);
  }
  throw nameTaken(change.name, "Edge DNS");
}

/** All changes or none. False: the zone has a newer version than the list stands on. */
export async function submit(deps: AkamaiDeps, zone: string): Promise<boolean> {
  return untilConflict(await ask(deps, "POST", `/changelists/${zone}/submit`), `the changes of ${zone}`);
}

/** One that is gone already is dropped. */
export async function drop(deps: AkamaiDeps, zone: string): Promise<void> {
  const answer = await ask(deps, "DELETE", `/changelists/${zone}`);
  if (answer.status !== 404) succeeded(answer, `the change list of ${zone}`);
}

function ask(deps: AkamaiDeps, method: JsonRequest["method"], path: string, body?: object): Promise<JsonAnswer> {
  const url = `https://${deps.host}/config-dns/v2${path}`;
  const request = { method, url, body: body && JSON.stringify(body) };
  const authorization = edgeGridHeader(deps.client, request, deps.clock.now(), randomUUID());
  return askJson(vendor, deps, { method, url, headers: { authorization }, ...(body && { body }) });
}

function untilConflict(answer: JsonAnswer, what: string): boolean {
  if (answer.status !== 409) succeeded(answer, what);
  return answer.ok;
}

function succeeded(answer: JsonAnswer, what: string): unknown {
  if (answer.ok) return answer.body ?? {};
  throw refusedBy(vendor, answer, what, wordsOf(answer));
}

/** Akamai's errors are problem documents (RFC 7807). */
function wordsOf({ body }: JsonAnswer): string {
  const { title, detail } = problem.safeParse(body).data ?? {};
  return [title, detail].filter((text) => text !== undefined).join(": ");
}

function zoneGone(zone: string): RefusedError {
  return new RefusedError({
    reason: "HostedZoneNotFound",
    message: `This Akamai API client knows no zone ${zone} any more.`,
    fix: "Create the zone again, let the API client change it, or use another solver.",
  });
}

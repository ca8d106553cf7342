import * as z from "zod/mini";
import { describedApi, type Operation, type Reply } from "./described-api.ts";
import type { SetApi, SetStore } from "./record-set-world.ts";

/*
 * Azure DNS as its own client describes it: npm @azure/arm-dns 5.1.0, generated from Microsoft's OpenAPI description of
 * 2018-05-01 (src/models/mappers.ts, src/models/parameters.ts, src/operations/recordSets.ts, src/operations/zones.ts).
 */
const apiVersion = z.strictObject({ "api-version": z.literal("2018-05-01") });
const txtRecord = z.strictObject({ value: z.array(z.string().check(z.maxLength(255))) });
const newSet = z.strictObject({
  etag: z.optional(z.string()),
  properties: z.strictObject({
    TTL: z.number().check(z.gte(1), z.lte(2_147_483_647)),
    metadata: z.optional(z.record(z.string(), z.string())),
    TXTRecords: z.array(txtRecord).check(z.minLength(1)),
  }),
});
const recordSet = z.strictObject({
  id: z.string(),
  name: z.string(),
  type: z.literal("Microsoft.Network/dnszones/TXT"),
  etag: z.string(),
  properties: z.strictObject({
    ...newSet.shape.properties.shape,
    fqdn: z.string(),
    provisioningState: z.string(),
    targetResource: z.optional(z.object({})),
  }),
});
const zone = z.object({
  id: z.string(),
  name: z.string(),
  location: z.string(),
  properties: z.object({ zoneType: z.enum(["Public", "Private"]) }),
});
const zonesPage = z.strictObject({ value: z.array(zone), nextLink: z.optional(z.string()) });
const failed = z.strictObject({ error: z.object({ code: z.string(), message: z.string() }) });

export const azureSolver = {
  environment: "AzurePublicCloud" as const,
  subscriptionID: "11111111-2222-3333-4444-555555555555",
  resourceGroupName: "team-dns",
  tenantID: "99999999-8888-7777-6666-555555555555",
  clientID: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
  clientSecretSecretRef: { name: "azure", key: "secret" },
};
export const azureSecret = "Se~cret.1";

export interface AzureState {
  cnames: Set<string>;
  metadata: Map<string, Record<string, string>>;
  zonesPerPage: number;
  /** Where the list of zones goes on. */
  nextHost: string;
  /** The conditions of all writes. */
  conditions: string[];
  tokens: number;
}

/** The strict fake of one resource group, in the public cloud or another one. */
export function fakeAzureDns(store: SetStore, now: () => Date, state: AzureState, cloud = publicCloud): SetApi {
  const { subscriptionID, resourceGroupName } = azureSolver;
  const group = `/subscriptions/${subscriptionID}/resourceGroups/${resourceGroupName}`;
  const base = `${cloud.management}${group}/providers/Microsoft.Network/dnsZones`;
  let sent = new Headers();
  const sets: Pick<Operation, "path" | "query"> = { path: "/{zone}/TXT/{relative}", query: apiVersion };
  const operations: Operation[] = [
    listZones(store, state, base),
    {
      ...sets,
      method: "GET",
      replies: { 200: recordSet, 404: failed },
      serve: ({ path }) => {
        const name = nameOf(path);
        if (!store.zones.includes(path.zone ?? "")) return zoneGone(path.zone);
        return store.sets.has(name) ? { status: 200, body: shown(store, state, name) } : noRecord(name);
      },
    },
    {
      ...sets,
      method: "PUT",
      body: newSet,
      replies: { 200: recordSet, 201: recordSet, 400: failed, 404: failed, 412: failed },
      serve: ({ path, body }) => {
        const name = nameOf(path);
        const refusal = refusalOf(store, state, path, sent);
        if (refusal) return refusal;
        const status = store.sets.has(name) ? 200 : 201;
        const values = body.properties.TXTRecords.map(({ value }: { value: string[] }) => value.join(""));
        store.put(name, values, body.properties.TTL);
        state.metadata.delete(name);
        if (body.properties.metadata) state.metadata.set(name, body.properties.metadata);
        return { status, body: shown(store, state, name) };
      },
    },
    {
      ...sets,
      method: "DELETE",
      replies: { 200: undefined, 204: undefined, 404: failed, 412: failed },
      serve: ({ path }) => {
        const name = nameOf(path);
        const there = store.sets.has(name);
        const refusal = refusalOf(store, state, path, sent);
        if (refusal) return refusal;
        store.put(name, [], 0);
        return { status: there ? 200 : 204 };
      },
    },
  ];
  const guard = (headers: Headers) => {
    sent = headers;
    const endsAt = Number(/^Bearer eyJ\.(\d+)$/.exec(headers.get("authorization") ?? "")?.[1]);
    return endsAt > now().getTime()
      ? undefined
      : failure(401, "InvalidAuthenticationToken", "The access token is invalid.");
  };
  const api = describedApi(base, operations, guard);
  const tokenUrl = `${cloud.login}/${azureSolver.tenantID}/oauth2/v2.0/token`;
  return {
    broken: api.broken,
    looks: (call) => call.startsWith("GET") && call.includes("/TXT/"),
    writes: (call) => /^(PUT|DELETE)/.test(call),
    fetch: async (url, init) => (url === tokenUrl ? token(init, now(), state, cloud) : api.fetch(url, init)),
  };
}

export const publicCloud = { login: "https://login.microsoftonline.com", management: "https://management.azure.com" };

function listZones(store: SetStore, { zonesPerPage, nextHost }: AzureState, base: string): Operation {
  const shownZone = (name: string, zoneType: string) => ({
    id: `/zones/${name}`,
    name,
    location: "global",
    properties: { zoneType },
  });
  return {
    method: "GET",
    path: "",
    query: z.extend(apiVersion, { $skipToken: z.optional(z.string()) }),
    replies: { 200: zonesPage },
    serve: ({ query }) => {
      const all = [shownZone("www.one.test", "Private"), ...store.zones.map((name) => shownZone(name, "Public"))];
      const from = Number(query.get("$skipToken") ?? 0);
      const to = from + zonesPerPage;
      const next = `${base.replace(publicCloud.management, nextHost)}?api-version=2018-05-01&$skipToken=${to}`;
      return { status: 200, body: { value: all.slice(from, to), ...(to < all.length && { nextLink: next }) } };
    },
  };
}

/** An etag is as good as its version; without a condition anything is overwritten. */
function refusalOf(store: SetStore, state: AzureState, path: Record<string, string>, sent: Headers): Reply | undefined {
  const name = nameOf(path);
  const [match, noneMatch] = [sent.get("if-match"), sent.get("if-none-match")];
  state.conditions.push(match === null ? `none-match ${noneMatch}` : "match");
  if (!store.zones.includes(path.zone ?? "")) return zoneGone(path.zone);
  if (state.cnames.has(name)) {
    return failure(
      400,
      "BadRequest",
      "The record could not be created because a CNAME record with the same name already exists in this zone.",
    );
  }
  const held = store.sets.get(name);
  const holds = match === null || match === (held && etagOf(held.version));
  if (holds && !(noneMatch === "*" && held)) return undefined;
  return failure(412, "PreconditionFailed", "The condition in the request's headers is not met.");
}

function token(init: RequestInit | undefined, now: Date, state: AzureState, cloud = publicCloud): Response {
  const sent = Object.fromEntries(new URLSearchParams(String(init?.body)));
  const wanted = {
    grant_type: "client_credentials",
    client_id: azureSolver.clientID,
    client_secret: azureSecret,
    scope: `${cloud.management}/.default`,
  };
  if (JSON.stringify(sent) !== JSON.stringify(wanted) || init?.redirect !== "error") {
    const error_description = "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1";
    return new Response(JSON.stringify({ error: "invalid_client", error_description }), { status: 401 });
  }
  state.tokens += 1;
  const body = { token_type: "Bearer", expires_in: 3_599, access_token: `eyJ.${now.getTime() + 3_599_000}` };
  return new Response(JSON.stringify(body), { status: 200 });
}

function shown(store: SetStore, { metadata }: AzureState, name: string) {
  const { zone = "", ttl: TTL = 0, values = [], version = 0 } = store.sets.get(name) ?? {};
  const own = metadata.get(name);
  const TXTRecords = values.map((value) => ({ value: value.match(/.{1,255}/g) ?? [] }));
  const properties = {
    TTL,
    TXTRecords,
    fqdn: `${name}.`,
    provisioningState: "Succeeded",
    ...(own && { metadata: own }),
  };
  const type = "Microsoft.Network/dnszones/TXT";
  return {
    id: `/zones/${zone}/TXT/${name}`,
    name: name.slice(0, -zone.length - 1),
    type,
    etag: etagOf(version),
    properties,
  };
}

function etagOf(version: number): string {
  return `00000000-0000-0000-0000-${String(version).padStart(12, "0")}`;
}

function nameOf({ zone, relative }: Record<string, string>): string {
  return relative === "@" ? (zone ?? "") : `${relative}.${zone}`;
}

function noRecord(name: string): Reply {
  return failure(404, "NotFound", `The resource record '${name}' does not exist in resource group 'team-dns'.`);
}

function zoneGone(zone: string | undefined): Reply {
  return failure(404, "ParentResourceNotFound", `The parent resource 'dnsZones/${zone}' could not be found.`);
}

function failure(status: number, code: string, message: string): Reply {
  return { status, body: { error: { code, message } } };
}

import * as z from "zod/mini";
import type { Operation, Reply } from "./described-api.ts";
import type { HeldRecord, RecordApi, RecordStore } from "./record-api-world.ts";

/*
 * Cloudflare's API, as its own client describes it: npm package cloudflare 7.3.0, generated from the vendor's OpenAPI description
 * (resources/dns/records.d.ts, resources/zones/zones.d.ts, core/pagination.d.ts). Error codes and limits are its documentation's.
 */
const paging = { page: z.optional(z.string().check(z.regex(/^[1-9]\d*$/))) };
const perPage = (most: number) =>
  z.optional(z.string().check(z.refine((text) => Number.isInteger(Number(text)) && Number(text) <= most)));
const zonesQuery = z.strictObject({
  ...paging,
  per_page: perPage(50),
  name: z.optional(z.string()),
  status: z.optional(z.enum(["initializing", "pending", "active", "moved"])),
});
const recordsQuery = z.strictObject({
  ...paging,
  per_page: perPage(5_000_000),
  type: z.optional(z.enum(["TXT"])),
  "name.exact": z.optional(z.string()),
});
/** Ids are 32 hexadecimal digits. */
const identifier = z.string().check(z.regex(/^[0-9a-f]{32}$/));
const ttl = z.union([z.literal(1), z.number().check(z.gte(60), z.lte(86_400))]);
const newRecord = z.strictObject({
  name: z.string().check(z.maxLength(255)),
  ttl,
  type: z.literal("TXT"),
  content: z.string(),
  comment: z.optional(z.string()),
  proxied: z.optional(z.boolean()),
  tags: z.optional(z.array(z.string())),
});
const record = z.strictObject({
  ...newRecord.shape,
  id: identifier,
  created_on: z.string(),
  modified_on: z.string(),
  meta: z.object({}),
  proxiable: z.boolean(),
});
const zone = z.object({
  id: identifier,
  name: z.string(),
  account: z.object({ id: z.string(), name: z.string() }),
  status: z.enum(["initializing", "pending", "active", "moved"]),
  type: z.enum(["full", "partial", "secondary", "internal"]),
  name_servers: z.array(z.string()),
});
const message = z.object({ code: z.number().check(z.gte(1_000)), message: z.string() });
const messages = { errors: z.array(message), messages: z.array(message) };
const info = z.object({ page: z.number(), per_page: z.number(), count: z.number(), total_count: z.number() });
const succeeded = (result: z.ZodMiniType) => z.strictObject({ ...messages, success: z.literal(true), result });
const page = (item: z.ZodMiniType) => z.extend(succeeded(z.array(item)), { result_info: info });
const failed = z.strictObject({ ...messages, success: z.literal(false), result: z.null() });

export interface CloudflareZones {
  /** Zones that Cloudflare does not serve, beside those of the store. */
  pending?: string[];
}

/** The strict fake; `authorized` looks at the headers. */
export function fakeCloudflare(
  authorized: (headers: Headers) => boolean,
  { pending = [] }: CloudflareZones = {},
): RecordApi {
  return {
    base: "https://api.cloudflare.com/client/v4",
    guard: (headers) => (authorized(headers) ? undefined : failure(403, 9109, "Invalid access token")),
    operations: (store) => [listZones(store, pending), listRecords(store), createRecord(store), deleteRecord(store)],
    // Others write it without quotes, as the API lets them.
    written: (value) => value,
    read: unquoted,
  };
}

function listZones(store: RecordStore, pending: string[]): Operation {
  return {
    method: "GET",
    path: "/zones",
    query: zonesQuery,
    replies: { 200: page(zone), 403: failed },
    serve: ({ query }) => {
      const all = [...pending.map((name) => [name, "pending"]), ...store.zones.map((name) => [name, "active"])];
      const [status, name] = [query.get("status"), query.get("name")];
      const found = all.filter((one) => (status ?? one[1]) === one[1] && (name ?? one[0]) === one[0]);
      return paged(
        query,
        20,
        found.map(([name = "", status]) => ({ ...zoneOf(name), status })),
      );
    },
  };
}

function listRecords(store: RecordStore): Operation {
  return {
    method: "GET",
    path: "/zones/{zone_id}/dns_records",
    query: recordsQuery,
    replies: { 200: page(record), 404: failed },
    serve: ({ path, query }) => {
      const zone = store.zones.find((name) => idOf(name) === path.zone_id);
      if (zone === undefined)
        return failure(404, 7003, "Could not route to /zones, perhaps your object identifier is invalid?");
      const name = query.get("name.exact");
      const found = store.records.filter((held) => held.zone === zone && (name ?? held.name) === held.name);
      return paged(query, 100, found.map(shown));
    },
  };
}

function createRecord(store: RecordStore): Operation {
  return {
    method: "POST",
    path: "/zones/{zone_id}/dns_records",
    body: newRecord,
    replies: { 200: succeeded(record), 400: failed, 404: failed },
    serve: ({ path, body }) => {
      const zone = store.zones.find((name) => idOf(name) === path.zone_id);
      if (zone === undefined)
        return failure(404, 7003, "Could not route to /zones, perhaps your object identifier is invalid?");
      if (!`.${body.name}`.endsWith(`.${zone}`)) return failure(400, 9021, "DNS name is invalid.");
      const same = (held: HeldRecord) => held.name === body.name && unquoted(held.content) === unquoted(body.content);
      if (store.records.some(same)) return failure(400, 81058, "An identical record already exists.");
      return succeed(shown(store.hold(zone, body.name, body.content)));
    },
  };
}

function deleteRecord(store: RecordStore): Operation {
  return {
    method: "DELETE",
    path: "/zones/{zone_id}/dns_records/{dns_record_id}",
    replies: { 200: succeeded(z.strictObject({ id: identifier })), 404: failed },
    serve: ({ path }) => {
      const held = store.records.find(({ id, zone }) => idOf(id) === path.dns_record_id && idOf(zone) === path.zone_id);
      if (!held) return failure(404, 81044, "Record does not exist.");
      store.drop(held.id);
      return succeed({ id: idOf(held.id) });
    },
  };
}

function paged(query: URLSearchParams, usual: number, items: unknown[]): Reply {
  const [page, size] = [Number(query.get("page") ?? 1), Number(query.get("per_page") ?? usual)];
  const result = items.slice((page - 1) * size, page * size);
  const result_info = { page, per_page: size, count: result.length, total_count: items.length };
  return { status: 200, body: { success: true, errors: [], messages: [], result, result_info } };
}

function succeed(result: unknown): Reply {
  return { status: 200, body: { success: true, errors: [], messages: [], result } };
}

function failure(status: number, code: number, message: string): Reply {
  return { status, body: { success: false, errors: [{ code, message }], messages: [], result: null } };
}

function zoneOf(name: string) {
  const account = { id: idOf("account"), name: "team" };
  return { id: idOf(name), name, account, type: "full", name_servers: ["a.ns.cloudflare.com", "b.ns.cloudflare.com"] };
}

function shown({ id, name, content }: HeldRecord) {
  const times = { created_on: "2026-01-01T00:00:00Z", modified_on: "2026-01-01T00:00:00Z" };
  const fixed = { type: "TXT", ttl: 60, proxied: false, proxiable: false, meta: {}, tags: [], comment: undefined };
  return { ...fixed, ...times, id: idOf(id), name, content };
}

function idOf(of: string | number): string {
  return Buffer.from(String(of)).toString("hex").padStart(32, "0").slice(-32);
}

function unquoted(content: string): string {
  return content.replaceAll(/^"|"$/g, "");
}

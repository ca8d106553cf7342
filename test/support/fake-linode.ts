import * as z from "zod/mini";
import type { Operation, Reply } from "./described-api.ts";
import type { HeldRecord, RecordApi, RecordStore } from "./record-api-world.ts";

/* Linode's API as far as examples/aws-dns-function calls it (https://techdocs.akamai.com/linode-api/reference, domains). */
const query = z.strictObject({
  page: z.optional(z.string()),
  page_size: z.optional(z.string().check(z.regex(/^[1-5]\d\d$/))),
});
const domain = z.object({ id: z.int(), domain: z.string(), type: z.enum(["master", "slave"]) });
const newRecord = z.strictObject({
  type: z.enum(["TXT"]),
  name: z.string(),
  target: z.string(),
  ttl_sec: z.literal([0, 30, 120, 300, 3_600]),
});
const record = z.object({ ...newRecord.shape, id: z.int() });
const page = (item: z.ZodMiniType) =>
  z.strictObject({ data: z.array(item), page: z.int(), pages: z.int(), results: z.int() });
const failed = z.strictObject({ errors: z.array(z.object({ reason: z.string(), field: z.optional(z.string()) })) });

/** The strict fake. */
export function fakeLinode(token: string): RecordApi {
  return {
    base: "https://api.linode.com/v4",
    guard: (headers) =>
      headers.get("authorization") === `Bearer ${token}` ? undefined : failure(401, "Invalid Token"),
    operations: (store) => [
      { ...listing("/domains", domain), serve: ({ query }) => paged(query, store.zones.map(domainOf)) },
      listRecords(store),
      createRecord(store),
      deleteRecord(store),
    ],
    written: (value) => value,
    read: (content) => content,
  };
}

function listing(path: string, item: z.ZodMiniType): Omit<Operation, "serve"> {
  return { method: "GET", path, query, replies: { 200: page(item), 404: failed } };
}

function listRecords(store: RecordStore): Operation {
  return {
    ...listing("/domains/{domain}/records", record),
    serve: ({ path, query }) => {
      const zone = store.zones[Number(path.domain) - 1];
      if (zone === undefined) return failure(404, "Not found");
      return paged(query, store.records.filter((held) => held.zone === zone).map(shown));
    },
  };
}

function createRecord(store: RecordStore): Operation {
  return {
    method: "POST",
    path: "/domains/{domain}/records",
    body: newRecord,
    replies: { 200: record, 400: failed, 404: failed },
    serve: ({ path, body }) => {
      const zone = store.zones[Number(path.domain) - 1];
      if (zone === undefined) return failure(404, "Not found");
      const name = body.name === "" ? zone : `${body.name}.${zone}`;
      return { status: 200, body: shown(store.hold(zone, name, body.target)) };
    },
  };
}

function deleteRecord(store: RecordStore): Operation {
  return {
    method: "DELETE",
    path: "/domains/{domain}/records/{record}",
    replies: { 200: z.strictObject({}), 404: failed },
    serve: ({ path }) => {
      const held = store.records.find(({ id }) => id === Number(path.record));
      if (held?.zone !== store.zones[Number(path.domain) - 1]) return failure(404, "Not found");
      store.drop(Number(path.record));
      return { status: 200, body: {} };
    },
  };
}

function paged(query: URLSearchParams, items: unknown[]): Reply {
  const [page, size] = [Number(query.get("page") ?? 1), Number(query.get("page_size") ?? 100)];
  const pages = Math.max(1, Math.ceil(items.length / size));
  return {
    status: 200,
    body: { data: items.slice((page - 1) * size, page * size), page, pages, results: items.length },
  };
}

function failure(status: number, reason: string): Reply {
  return { status, body: { errors: [{ reason }] } };
}

function domainOf(domain: string, index: number) {
  return { id: index + 1, domain, type: "master" };
}

function shown({ id, zone, name, content }: HeldRecord) {
  return { id, type: "TXT", name: name === zone ? "" : name.slice(0, -zone.length - 1), target: content, ttl_sec: 30 };
}

import * as z from "zod/mini";
import type { Operation, Reply } from "./described-api.ts";
import type { HeldRecord, RecordApi, RecordStore } from "./record-api-world.ts";

/*
 * DigitalOcean's API, as its own client describes it: PyPI package pydo 0.44.0, generated from the vendor's OpenAPI description
 * (operations domains_*), and github.com/digitalocean/openapi, specification/resources/domains.
 */
const number = (least: number, most: number) =>
  z.string().check(z.refine((text) => /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most));
const paging = { per_page: z.optional(number(1, 200)), page: z.optional(number(1, 1_000_000)) };
const types = z.enum(["A", "AAAA", "CAA", "CNAME", "MX", "NS", "SOA", "SRV", "TXT"]);
const whole = z.nullish(z.int());
const recordFields = {
  type: types,
  name: z.string(),
  data: z.string(),
  priority: whole,
  port: whole,
  ttl: z.int().check(z.gte(30)),
  weight: whole,
  flags: whole,
  tag: z.nullish(z.string()),
};
const newRecord = z.strictObject(recordFields);
const record = z.strictObject({ ...recordFields, id: z.int() });
const domain = z.strictObject({ name: z.string(), ttl: z.nullable(z.int()), zone_file: z.nullable(z.string()) });
const more = { links: z.object({ pages: z.optional(z.object({})) }), meta: z.object({ total: z.int() }) };
const failed = z.strictObject({ id: z.string(), message: z.string(), request_id: z.optional(z.string()) });

/** The strict fake. */
export function fakeDigitalOcean(token: string): RecordApi {
  return {
    base: "https://api.digitalocean.com/v2",
    guard: (headers) =>
      headers.get("authorization") === `Bearer ${token}`
        ? undefined
        : failure(401, "unauthorized", "Unable to authenticate you"),
    operations: (store) => [listDomains(store), listRecords(store), createRecord(store), deleteRecord(store)],
    written: (value) => value,
    read: (content) => content,
  };
}

function listDomains(store: RecordStore): Operation {
  return {
    method: "GET",
    path: "/domains",
    query: z.strictObject(paging),
    replies: { 200: z.strictObject({ ...more, domains: z.array(domain) }) },
    serve: ({ query }) =>
      paged(
        query,
        "domains",
        store.zones.map((name) => ({ name, ttl: 1_800, zone_file: null })),
      ),
  };
}

function listRecords(store: RecordStore): Operation {
  return {
    method: "GET",
    path: "/domains/{domain_name}/records",
    query: z.strictObject({ ...paging, name: z.optional(z.string()), type: z.optional(types) }),
    replies: { 200: z.strictObject({ ...more, domain_records: z.array(record) }), 404: failed },
    serve: ({ path, query }) => {
      const zone = path.domain_name ?? "";
      if (!store.zones.includes(zone)) return notFound;
      const name = query.get("name");
      const found = store.records.filter((held) => held.zone === zone && (name ?? held.name) === held.name);
      return paged(query, "domain_records", found.map(shown));
    },
  };
}

function createRecord(store: RecordStore): Operation {
  return {
    method: "POST",
    path: "/domains/{domain_name}/records",
    body: newRecord,
    replies: { 201: z.strictObject({ domain_record: record }), 404: failed, 422: failed },
    serve: ({ path, body }) => {
      const zone = path.domain_name ?? "";
      if (!store.zones.includes(zone)) return notFound;
      const absolute = body.name.endsWith(zone);
      if (absolute || body.name === "")
        return failure(422, "unprocessable_entity", "Name is not relative to the domain");
      const name = body.name === "@" ? zone : `${body.name}.${zone}`;
      return { status: 201, body: { domain_record: shown(store.hold(zone, name, body.data)) } };
    },
  };
}

function deleteRecord(store: RecordStore): Operation {
  return {
    method: "DELETE",
    path: "/domains/{domain_name}/records/{domain_record_id}",
    replies: { 204: undefined, 404: failed },
    serve: ({ path }) => {
      const held = store.records.find(
        ({ id, zone }) => String(id) === path.domain_record_id && zone === path.domain_name,
      );
      if (!held) return notFound;
      store.drop(held.id);
      return { status: 204 };
    },
  };
}

function paged(query: URLSearchParams, field: string, items: unknown[]): Reply {
  const [page, size] = [Number(query.get("page") ?? 1), Number(query.get("per_page") ?? 20)];
  const body = { [field]: items.slice((page - 1) * size, page * size), links: {}, meta: { total: items.length } };
  return { status: 200, body };
}

const notFound = failure(404, "not_found", "The resource you were accessing could not be found.");

function failure(status: number, id: string, message: string): Reply {
  return { status, body: { id, message } };
}

function shown({ id, zone, name, content }: HeldRecord) {
  const unused = { priority: null, port: null, weight: null, flags: null, tag: null };
  const relative = name === zone ? "@" : name.slice(0, -zone.length - 1);
  return { ...unused, id, type: "TXT", name: relative, data: content, ttl: 30 };
}

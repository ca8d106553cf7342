import { createHash, createHmac } from "node:crypto";
import * as z from "zod/mini";
import { quoted, unquoted } from "../../adapters/dns/by-name.ts";
import { describedApi, type Operation, type Reply } from "./described-api.ts";
import type { SetApi, SetStore } from "./record-set-world.ts";

/*
 * Akamai's Edge DNS API as its vendor describes it: GitHub akamai/akamai-apis, apis/config-dns/v2 (01-zones.yaml, 04-change-lists.yaml and
 * their schemas), and "Use change lists" of techdocs.akamai.com. EdgeGrid signatures: npm akamai-edgegrid 4.0.4.
 */
const changeTag = z.string().check(z.regex(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/));
const zone = z.object({
  contractId: z.string(),
  zone: z.string(),
  type: z.enum(["PRIMARY", "SECONDARY", "ALIAS"]),
  versionId: changeTag,
  lastModifiedDate: z.string(),
  lastModifiedBy: z.string(),
  activationState: z.enum(["NEW", "PENDING_APPROVAL", "ACTIVE", "OBSOLETE", "ERROR", "LOCKED"]),
});
const zones = z.strictObject({ metadata: z.object({}), zones: z.array(zone) });
const changeList = z.strictObject({
  zone: z.string(),
  changeTag,
  zoneVersionId: changeTag,
  stale: z.boolean(),
  lastModifiedDate: z.string(),
});
const setFields = { name: z.string(), type: z.string(), ttl: z.int(), rdata: z.array(z.string()) };
const listed = z.strictObject({ ...setFields, state: z.enum(["PRISTINE", "ADDED", "EDITED", "DELETED"]) });
const recordSets = z.strictObject({ metadata: z.object({}), recordsets: z.array(listed) });
const setChange = z.strictObject({
  name: z.string(),
  type: z.string(),
  op: z.enum(["ADD", "EDIT", "DELETE"]),
  ttl: z.optional(z.int()),
  rdata: z.optional(z.array(z.string())),
});
const problem = z.looseObject({ type: z.string(), title: z.string(), detail: z.string(), status: z.number() });
const onlyTrue = z.optional(z.literal("true"));

export const akamaiHost = "akab-1234.luna.akamaiapis.net";
export const akamaiSecrets = {
  "akamai/client": "akab-client",
  "akamai/secret": "c2VjcmV0",
  "akamai/access": "akab-access",
};

interface ChangeList {
  /** The zone's version that it stands on: the store's sets at that time. */
  version: string;
  changes: Map<string, z.infer<typeof setChange>>;
  at: Date;
}

export interface AkamaiState {
  cnames: Set<string>;
  /** Refused at submit, as a zone check does. */
  invalid: Set<string>;
  lists: Map<string, ChangeList>;
  nonces: Set<string>;
}

/** The strict fake: a list that is stale is refused as long as it is there; a zone has one list. */
export function fakeAkamai(store: SetStore, now: () => Date, state: AkamaiState): SetApi {
  const shown = (name: string) => {
    const list = state.lists.get(name);
    const tag = (text: string) =>
      createHash("md5")
        .update(text)
        .digest("hex")
        .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    return {
      zone: name,
      changeTag: tag(JSON.stringify([...(list?.changes ?? [])])),
      zoneVersionId: tag(list?.version ?? ""),
      stale: list?.version !== versionOf(store, name),
      lastModifiedDate: (list?.at ?? now()).toISOString(),
    };
  };
  const existing = (path: Record<string, string>, serve: (name: string, list: ChangeList) => Reply): Reply => {
    const list = state.lists.get(path.zone ?? "");
    return list ? serve(path.zone ?? "", list) : failure(404, "Not Found", `no change list for ${path.zone}`);
  };
  const fresh = (path: Record<string, string>, serve: (name: string, list: ChangeList) => Reply): Reply =>
    existing(path, (name, list) =>
      list.version === versionOf(store, name)
        ? serve(name, list)
        : failure(409, "Conflict", "the change list is stale"),
    );
  const operations: Operation[] = [
    listZones(store),
    {
      method: "POST",
      path: "/changelists",
      query: z.strictObject({ zone: z.string(), overwrite: z.optional(z.enum(["none", "stale", "any"])) }),
      replies: { 201: changeList, 404: problem, 409: problem },
      serve: ({ query }) => {
        const name = query.get("zone") ?? "";
        if (!store.zones.includes(name)) return failure(404, "Not Found", `no zone ${name}`);
        const goes = query.get("overwrite") === "any" || (query.get("overwrite") === "stale" && shown(name).stale);
        if (state.lists.has(name) && !goes) return failure(409, "Conflict", "there is a change list");
        state.lists.set(name, { version: versionOf(store, name), changes: new Map(), at: now() });
        return { status: 201, body: shown(name) };
      },
    },
    {
      method: "GET",
      path: "/changelists/{zone}",
      replies: { 200: changeList, 404: problem },
      serve: ({ path }) => existing(path, (name) => ({ status: 200, body: shown(name) })),
    },
    {
      method: "DELETE",
      path: "/changelists/{zone}",
      replies: { 204: undefined, 404: problem },
      serve: ({ path }) =>
        existing(path, (name) => {
          state.lists.delete(name);
          return { status: 204 };
        }),
    },
    readList(existing),
    {
      method: "POST",
      path: "/changelists/{zone}/recordsets/add-change",
      body: setChange,
      replies: { 204: undefined, 400: problem, 404: problem, 409: problem },
      serve: ({ path, body }) =>
        fresh(path, (name, list) => {
          const refusal = refusalOf(state, body, name, list);
          if (refusal) return refusal;
          list.changes.set(body.name, body);
          list.at = now();
          return { status: 204 };
        }),
    },
    {
      method: "POST",
      path: "/changelists/{zone}/submit",
      query: z.strictObject({ comment: z.optional(z.string()), skipSignAndServeSafetyCheck: onlyTrue }),
      replies: { 204: undefined, 400: problem, 404: problem, 409: problem },
      serve: ({ path }) =>
        fresh(path, (name, list) => {
          if ([...list.changes.keys()].some((one) => state.invalid.has(one)))
            return failure(400, "Bad Request", "the zone is invalid");
          for (const { name: set, ttl = 0, rdata = [] } of list.changes.values())
            store.put(set, rdata.map(unquoted), ttl);
          state.lists.delete(name);
          return { status: 204 };
        }),
    },
  ];
  const base = `https://${akamaiHost}/config-dns/v2`;
  let request: { method: string; url: string; body: string } = { method: "", url: "", body: "" };
  const guard = (headers: Headers) =>
    isSigned(headers.get("authorization") ?? "", request, now(), state)
      ? undefined
      : failure(401, "Not authorized", "The signature does not match");
  const api = describedApi(base, operations, guard);
  return {
    broken: api.broken,
    looks: (call) => call.startsWith("GET") && call.endsWith("/recordsets"),
    writes: (call) => call.endsWith("/submit"),
    fetch: (url, init) => {
      request = { method: init?.method ?? "GET", url, body: String(init?.body ?? "") };
      return api.fetch(url, init);
    },
  };
}

function listZones(store: SetStore): Operation {
  const rest = {
    contractId: "1-ABC",
    versionId: "1d9c887c-49bb-4382-87a6-d1bf690aa58f",
    lastModifiedDate: "2026-01-01T00:00:00Z",
    lastModifiedBy: "team",
    activationState: "ACTIVE",
  };
  return {
    method: "GET",
    path: "/zones",
    query: z.strictObject({ types: z.optional(z.string()), showAll: onlyTrue }),
    replies: { 200: zones },
    serve: ({ query }) => {
      const all = [
        ...store.zones.map((name) => ({ ...rest, zone: name, type: "PRIMARY" })),
        { ...rest, zone: "www.one.test", type: "SECONDARY" },
      ];
      const types = query.get("types")?.split(",");
      const found = all.filter(({ type }) => types === undefined || types.includes(type));
      // A page has 25 of them unless all are asked for.
      return { status: 200, body: { metadata: {}, zones: query.has("showAll") ? found : found.slice(0, 25) } };
    },
  };
}

function readList(
  existing: (path: Record<string, string>, serve: (name: string, list: ChangeList) => Reply) => Reply,
): Operation {
  return {
    method: "GET",
    path: "/changelists/{zone}/recordsets",
    query: z.strictObject({ types: z.optional(z.string()), showAll: onlyTrue }),
    replies: { 200: recordSets, 404: problem },
    serve: ({ path, query }) =>
      existing(path, (_, list) => {
        const base = JSON.parse(list.version) as [string, { ttl: number; values: string[] }][];
        const recordsets = base.map(([name, { ttl, values }]) => ({
          name,
          type: "TXT",
          ttl,
          rdata: values.map(quoted),
          state: "PRISTINE",
        }));
        const shown = query.has("showAll") ? recordsets : recordsets.slice(0, 25);
        return { status: 200, body: { metadata: {}, recordsets: shown } };
      }),
  };
}

function refusalOf(
  { cnames }: AkamaiState,
  { name, op, ttl, rdata }: z.infer<typeof setChange>,
  zoneName: string,
  list: ChangeList,
): Reply | undefined {
  const there = (JSON.parse(list.version) as [string, unknown][]).some(([held]) => held === name);
  if (!`.${name}`.endsWith(`.${zoneName}`)) return failure(400, "Bad Request", `${name} is not in zone ${zoneName}`);
  if (cnames.has(name)) return failure(400, "Bad Request", `a CNAME exists at ${name}`);
  if (op === "ADD" ? there : !there) return failure(400, "Bad Request", `cannot ${op} ${name}`);
  if (op === "DELETE") return undefined;
  if (ttl === undefined || ttl < 30 || !rdata?.length) return failure(400, "Bad Request", "ttl and rdata are needed");
  return rdata.every((text) => /^"[^"]*"( "[^"]*")*$/.test(text)) ? undefined : failure(400, "Bad Request", "rdata");
}

/** A zone's version is what it holds. */
function versionOf(store: SetStore, zoneName: string): string {
  const own = [...store.sets].filter(([, set]) => set.zone === zoneName);
  return JSON.stringify(own.map(([name, { ttl, values, version }]) => [name, { ttl, values, version }]));
}

/** EdgeGrid in the fake's own words: within 30 s, each nonce once. */
function isSigned(
  header: string,
  { method, url, body }: { method: string; url: string; body: string },
  now: Date,
  state: AkamaiState,
) {
  const found =
    /^(EG1-HMAC-SHA256 client_token=(.*);access_token=(.*);timestamp=(\d{8}T\d\d:\d\d:\d\d\+0000);nonce=(.+);)signature=(.+)$/.exec(
      header,
    );
  if (!found) return false;
  const [, unsigned = "", client, access, time = "", nonce = "", signature] = found;
  const instant = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)/, "$1-$2-$3").replace("+0000", "Z"));
  if (Math.abs(instant - now.getTime()) > 90_000 || state.nonces.has(nonce)) return false;
  state.nonces.add(nonce);
  const mac = (text: string, key: string) => createHmac("sha256", key).update(text).digest("base64");
  const content = method === "POST" && body !== "" ? createHash("sha256").update(body).digest("base64") : "";
  const { host, pathname, search } = new URL(url);
  const text = [method, "https", host, pathname + search, "", content, unsigned].join("\t");
  const right = client === akamaiSecrets["akamai/client"] && access === akamaiSecrets["akamai/access"];
  return right && signature === mac(text, mac(time, akamaiSecrets["akamai/secret"]));
}

function failure(status: number, title: string, detail: string): Reply {
  const type = `https://problems.luna.akamaiapis.net/config-dns/${status}`;
  return { status, body: { type, title, detail, status, instance: "1" } };
}

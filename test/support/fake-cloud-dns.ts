import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import * as z from "zod/mini";
import { quoted, unquoted } from "../../adapters/dns/by-name.ts";
import { describedApi, type Operation, type Reply } from "./described-api.ts";
import type { SetApi, SetStore } from "./record-set-world.ts";

/*
 * Google Cloud DNS as its discovery document describes it: dns v1, revision 20261009, from PyPI google-api-python-client 2.202.0
 * (googleapiclient/discovery_cache/documents/dns.v1.json). Error messages are quoted in issues of external-dns (#467, #2817).
 */
const rrset = z.strictObject({
  kind: z.optional(z.literal("dns#resourceRecordSet")),
  name: z.string().check(z.regex(/\.$/)),
  type: z.string(),
  ttl: z.optional(z.int32()),
  rrdatas: z.optional(z.array(z.string())),
  signatureRrdatas: z.optional(z.array(z.string())),
  routingPolicy: z.optional(z.object({})),
});
const change = z.strictObject({
  kind: z.optional(z.literal("dns#change")),
  additions: z.optional(z.array(rrset)),
  deletions: z.optional(z.array(rrset)),
  id: z.optional(z.string()),
  isServing: z.optional(z.boolean()),
  startTime: z.optional(z.string()),
  status: z.optional(z.enum(["pending", "done"])),
});
const managedZone = z.strictObject({
  kind: z.optional(z.literal("dns#managedZone")),
  id: z.string().check(z.regex(/^\d+$/)),
  name: z.string().check(z.regex(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/)),
  dnsName: z.string().check(z.regex(/\.$/)),
  visibility: z.optional(z.enum(["public", "private"])),
});
const zonesPage = z.strictObject({
  kind: z.literal("dns#managedZonesListResponse"),
  managedZones: z.optional(z.array(managedZone)),
  nextPageToken: z.optional(z.string()),
});
const setsPage = z.strictObject({
  kind: z.literal("dns#resourceRecordSetsListResponse"),
  rrsets: z.optional(z.array(rrset)),
  nextPageToken: z.optional(z.string()),
});
const failed = z.object({ error: z.object({ code: z.number(), message: z.string(), errors: z.array(z.object({})) }) });
const digits = z.string().check(z.regex(/^\d+$/));
const paging = { maxResults: z.optional(digits), pageToken: z.optional(z.string()) };

const tokenUrl = "https://oauth2.googleapis.com/token";
const scopes = [
  "https://www.googleapis.com/auth/cloud-platform",
  "https://www.googleapis.com/auth/ndev.clouddns.readwrite",
];
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const publicKey = createPublicKey(privateKey);

/** A key file as Google Cloud gives it. */
export const keyFile = JSON.stringify({
  type: "service_account",
  project_id: "team-dns",
  private_key_id: "k1",
  private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
  client_email: "certwright@team-dns.iam.gserviceaccount.com",
  client_id: "1",
  token_uri: "https://evil.example.com/token",
});

export interface CloudDnsState {
  /** Beside one public zone for each of the store's. */
  more: { id: string; dnsName: string; visibility: "public" | "private" }[];
  /** Names with a CNAME, and names whose TXT has a routing policy. */
  cnames: Set<string>;
  policies: Set<string>;
  zonesPerPage: number;
  /** Grants so far. */
  tokens: number;
}

export const idOf = (zone: string) => zone.replaceAll(".", "-");

/** The strict fake of project `team-dns`; a change is pending when it is asked for the first time, then done. */
export function fakeCloudDns(store: SetStore, now: () => Date, state: CloudDnsState): SetApi {
  const changes = new Map<string, { asked: boolean; shown: object }>();
  const zones = () => [
    ...store.zones.map((zone) => ({ id: idOf(zone), dnsName: `${zone}.`, visibility: "public" as const })),
    ...state.more,
  ];
  const operations: Operation[] = [
    listZones(zones, state),
    {
      method: "GET",
      path: "/{managedZone}",
      replies: { 200: managedZone, 404: failed },
      serve: ({ path }) => {
        const found = zones().find(({ id }) => id === path.managedZone);
        return found ? { status: 200, body: shownZone(found) } : noZone(path.managedZone);
      },
    },
    {
      method: "GET",
      path: "/{managedZone}/rrsets",
      query: z.strictObject({ ...paging, name: z.optional(z.string()), type: z.optional(z.string()) }),
      replies: { 200: setsPage, 404: failed },
      serve: ({ path, query }) => {
        if (!zones().some(({ id }) => id === path.managedZone)) return noZone(path.managedZone);
        const name = (query.get("name") ?? "").replace(/\.$/, "");
        const held = store.sets.get(name);
        const policy = { routingPolicy: {} };
        const data = state.policies.has(name) ? policy : { rrdatas: held?.values.map(quoted) ?? [] };
        const shown = { kind: "dns#resourceRecordSet", name: `${name}.`, type: "TXT", ttl: held?.ttl ?? 60, ...data };
        const rrsets = (held && idOf(held.zone) === path.managedZone) || state.policies.has(name) ? [shown] : [];
        return { status: 200, body: { kind: "dns#resourceRecordSetsListResponse", rrsets } };
      },
    },
    {
      method: "POST",
      path: "/{managedZone}/changes",
      body: change,
      replies: { 200: change, 400: failed, 404: failed, 409: failed, 412: failed },
      serve: ({ path, body }) => {
        if (!zones().some(({ id }) => id === path.managedZone)) return noZone(path.managedZone);
        const refusal = refusalOf(store, state, path.managedZone ?? "", body);
        if (refusal) return refusal;
        for (const { name } of body.deletions ?? []) store.put(name.slice(0, -1), [], 0);
        for (const { name, rrdatas, ttl } of body.additions ?? []) {
          store.put(name.slice(0, -1), rrdatas.map(unquoted), ttl);
        }
        const id = String(changes.size + 1);
        const shown = { kind: "dns#change", ...body, id, startTime: now().toISOString(), status: "pending" };
        changes.set(`${path.managedZone}/${id}`, { asked: false, shown });
        return { status: 200, body: shown };
      },
    },
    {
      method: "GET",
      path: "/{managedZone}/changes/{changeId}",
      replies: { 200: change, 404: failed },
      serve: ({ path }) => {
        const made = changes.get(`${path.managedZone}/${path.changeId}`);
        if (!made) return failure(404, "notFound", ["The 'parameters.changeId' resource does not exist."]);
        const body = { ...made.shown, status: made.asked ? "done" : "pending" };
        made.asked = true;
        return { status: 200, body };
      },
    },
  ];
  const base = "https://dns.googleapis.com/dns/v1/projects/team-dns/managedZones";
  const guard = (headers: Headers) => {
    const endsAt = Number(/^Bearer ya29\.(\d+)$/.exec(headers.get("authorization") ?? "")?.[1]);
    return endsAt > now().getTime() ? undefined : failure(401, "authError", ["Invalid Credentials"]);
  };
  const api = describedApi(base, operations, guard);
  return {
    broken: api.broken,
    looks: (call) => call.endsWith("/rrsets"),
    writes: (call) => call.startsWith("POST") && call.endsWith("/changes"),
    fetch: async (url, init) => (url === tokenUrl ? token(init, now(), state) : api.fetch(url, init)),
  };
}

function listZones(zones: () => CloudDnsState["more"], { zonesPerPage }: CloudDnsState): Operation {
  return {
    method: "GET",
    path: "",
    query: z.strictObject({ ...paging, dnsName: z.optional(z.string()) }),
    replies: { 200: zonesPage },
    serve: ({ query }) => {
      const from = Number(query.get("pageToken") ?? 0);
      const to = from + zonesPerPage;
      const more = to < zones().length && { nextPageToken: String(to) };
      const managedZones = zones().slice(from, to).map(shownZone);
      return { status: 200, body: { kind: "dns#managedZonesListResponse", managedZones, ...more } };
    },
  };
}

interface Sets {
  additions?: z.infer<typeof rrset>[];
  deletions?: z.infer<typeof rrset>[];
}

/** All culprits of the first kind that there are; deletions are weighed first. */
function refusalOf(store: SetStore, state: CloudDnsState, zone: string, { additions = [], deletions = [] }: Sets) {
  const at = (set: { name: string }) => store.sets.get(set.name.slice(0, -1));
  const same = (set: z.infer<typeof rrset>) =>
    at(set)?.ttl === set.ttl && String(at(set)?.values.map(quoted).sort()) === String([...(set.rrdatas ?? [])].sort());
  const accused = (list: string, sets: z.infer<typeof rrset>[], is: (set: z.infer<typeof rrset>) => boolean) =>
    sets.flatMap((set, index) => (is(set) ? [{ name: set.name, entity: `'entity.change.${list}[${index}]'` }] : []));
  const gone = accused("deletions", deletions, (set) => at(set) === undefined);
  const other = accused("deletions", deletions, (set) => !same(set));
  const deleted = new Set(deletions.map(({ name }) => name));
  const there = accused("additions", additions, (set) => at(set) !== undefined && !deleted.has(set.name));
  const beside = accused("additions", additions, ({ name }) => state.cnames.has(name.slice(0, -1)));
  const outside = accused("additions", additions, ({ name }) => !idOf(name).endsWith(`${zone}-`));
  const words = (list: typeof gone, text: (entity: string, name: string) => string) =>
    list.map(({ entity, name }) => text(entity, name));
  if (outside.length > 0)
    return failure(
      400,
      "invalid",
      words(outside, (entity) => `Invalid value for ${entity}`),
    );
  if (beside.length > 0) {
    const text = (entity: string, name: string) =>
      `The resource record set ${entity} is invalid because the DNS name '${name}' may have either one CNAME resource record set or resource record sets of other types, but not both.`;
    return failure(400, "cnameResourceRecordSetConflict", words(beside, text));
  }
  if (gone.length > 0) {
    return failure(
      404,
      "notFound",
      words(gone, (entity, name) => `The ${entity} resource named '${name} (TXT)' does not exist.`),
    );
  }
  if (other.length > 0)
    return failure(
      412,
      "conditionNotMet",
      words(other, (entity) => `Precondition not met for ${entity}.`),
    );
  if (there.length > 0) {
    return failure(
      409,
      "alreadyExists",
      words(there, (entity, name) => `The resource ${entity} named '${name} (TXT)' already exists`),
    );
  }
  return undefined;
}

/** RFC 7523, as Google wants it. */
function token(init: RequestInit | undefined, now: Date, state: CloudDnsState): Response {
  const sent = new URLSearchParams(String(init?.body));
  const [head = "", claims = "", signature = ""] = (sent.get("assertion") ?? "").split(".");
  const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  const genuine = verify("sha256", Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, "base64url"));
  const { iss, scope, aud, iat, exp } = read(claims);
  const seconds = now.getTime() / 1_000;
  const right = [
    init?.method === "POST" && new Headers(init.headers).get("content-type") === "application/x-www-form-urlencoded",
    sent.get("grant_type") === "urn:ietf:params:oauth:grant-type:jwt-bearer",
    genuine && read(head).alg === "RS256" && read(head).kid === "k1",
    iss === "certwright@team-dns.iam.gserviceaccount.com" && aud === tokenUrl && scopes.includes(scope),
    Math.abs(iat - seconds) < 300 && exp - iat <= 3_600 && exp > seconds,
  ];
  if (right.includes(false)) {
    const body = { error: "invalid_grant", error_description: "Invalid JWT Signature." };
    return new Response(JSON.stringify(body), { status: 400 });
  }
  state.tokens += 1;
  const body = { access_token: `ya29.${now.getTime() + 3_599_000}`, expires_in: 3_599, token_type: "Bearer" };
  return new Response(JSON.stringify(body), { status: 200 });
}

function shownZone({ id: name, dnsName, visibility }: CloudDnsState["more"][number]) {
  return { kind: "dns#managedZone", id: "7", name, dnsName, visibility };
}

function noZone(id: string | undefined): Reply {
  return failure(404, "notFound", [`The 'parameters.managedZone' resource named '${id}' does not exist.`]);
}

function failure(code: number, reason: string, messages: string[]): Reply {
  const errors = messages.map((message) => ({ message, domain: "global", reason }));
  return { status: code, body: { error: { code, message: messages[0] ?? "", errors } } };
}

import * as z from "zod/mini";
import type { DnsAccess, DnsAdapter } from "../../core/dns-adapter.ts";
import { RefusedError } from "../../core/errors.ts";
import { requiredValue } from "../../core/field-fault.ts";
import type { Fields } from "../../core/field-reader.ts";
import type { DnsProvider, TxtRecord } from "../../core/ports.ts";
import { readSecretRef, type SecretRef } from "../../core/secret-ref.ts";
import { askJson, credentialIn, refusedBy, type Vendor } from "./json-api.ts";
import { oneByOne } from "./one-by-one.ts";

/** cert-manager's `dns01.cloudflare`: a token, or the global key of the account with this e-mail address. */
type CloudflareSolver = { apiTokenSecretRef: SecretRef } | { apiKeySecretRef: SecretRef; email: string };

/** TXT records at Cloudflare (https://developers.cloudflare.com/api/): every value is a record with an id of its own. */
export const cloudflare: DnsAdapter<CloudflareSolver> = {
  solver: { table: { email: "read", apiKeySecretRef: "read", apiTokenSecretRef: "read" }, read },
  permissions: () => ({ publish: [], settled: [], cleanUp: [] }),
  readsSecrets: true,
  create: async (solver, access) => providerFor({ ...access, credentials: await credentials(solver, access) }),
};

const vendor: Vendor = {
  name: "Cloudflare",
  refused: {
    reason: "CloudflareRefused",
    fix: "Check the token: it needs Zone Read and DNS Edit for this zone. Look at what the zone holds at that name.",
  },
  unavailable: { reason: "CloudflareUnavailable" },
  limited: { reason: "CloudflareRateLimited" },
};
const settlingMs = 20_000;
/** The least that all plans take. */
const ttlSeconds = 60;
const zonesPerPage = 50;
const recordsPerPage = 100;

interface CloudflareDeps extends Pick<DnsAccess, "fetch" | "clock"> {
  /** The headers that prove who asks. */
  credentials: Record<string, string>;
}

function providerFor(deps: CloudflareDeps): DnsProvider {
  return oneByOne<Zone>({
    clock: deps.clock,
    zones: () => listZones(deps),
    add: (zone, record) => add(deps, zone, record),
    remove: (zone, record) => remove(deps, zone, record),
    noZone,
    settlingMs,
  });
}

async function credentials(solver: CloudflareSolver, { secret }: DnsAccess): Promise<Record<string, string>> {
  if ("apiTokenSecretRef" in solver) {
    const token = credentialIn(await secret(solver.apiTokenSecretRef), "apiTokenSecretRef");
    return { authorization: `Bearer ${token}` };
  }
  const key = credentialIn(await secret(solver.apiKeySecretRef), "apiKeySecretRef");
  return { "x-auth-email": solver.email, "x-auth-key": key };
}

type Zone = z.infer<typeof zone>;
const zone = z.object({ id: z.string(), name: z.string() });
const zones = z.object({ result: z.array(zone) });
const records = z.object({ result: z.array(z.object({ id: z.string(), content: z.string() })) });
const failure = z.object({ errors: z.array(z.object({ code: z.number(), message: z.string() })) });
/** "An identical record already exists", and what it is called in older answers. */
const alreadyThere = [81057, 81058];
/** "Record does not exist." */
const notThere = [81044];

/** Only zones that Cloudflare serves: one that is pending or moved away may stand beside them, in another account. */
async function listZones(deps: CloudflareDeps): Promise<Zone[]> {
  const found: Zone[] = [];
  for (let page = 1; found.length === (page - 1) * zonesPerPage; page += 1) {
    const answer = await call(deps, "GET", `/zones?status=active&per_page=${zonesPerPage}&page=${page}`);
    found.push(...zones.parse(answer).result);
  }
  return found;
}

/** Cloudflare itself refuses the same value a second time, so nothing is looked up before. */
async function add(deps: CloudflareDeps, { id }: Zone, { name, value }: TxtRecord): Promise<boolean> {
  const body = { type: "TXT", name, content: `"${value}"`, ttl: ttlSeconds };
  return (await call(deps, "POST", `/zones/${id}/dns_records`, { body, codes: alreadyThere })) !== undefined;
}

async function remove(deps: CloudflareDeps, { id }: Zone, { name, value }: TxtRecord): Promise<boolean> {
  const ours = (await recordsAt(deps, id, name)).filter(({ content }) => unquoted(content) === value);
  const removed = await Promise.all(
    ours.map((record) => call(deps, "DELETE", `/zones/${id}/dns_records/${record.id}`, { codes: notThere })),
  );
  return removed.some((answer) => answer !== undefined);
}

async function recordsAt(deps: CloudflareDeps, zoneId: string, name: string) {
  const path = `/zones/${zoneId}/dns_records?type=TXT&name.exact=${name}&per_page=${recordsPerPage}`;
  const found: z.infer<typeof records>["result"] = [];
  for (let page = 1; found.length === (page - 1) * recordsPerPage; page += 1) {
    found.push(...records.parse(await call(deps, "GET", `${path}&page=${page}`)).result);
  }
  return found;
}

/** Cloudflare keeps the content as it was written, with quotes or without. */
function unquoted(content: string): string {
  return /^"(.*)"$/.exec(content)?.[1] ?? content;
}

/** The answer; undefined when Cloudflare refused with one of these codes. */
async function call(
  { credentials: headers, ...deps }: CloudflareDeps,
  method: "GET" | "POST" | "DELETE",
  path: string,
  { body, codes = [] }: { body?: object; codes?: number[] } = {},
): Promise<unknown> {
  const url = `https://api.cloudflare.com/client/v4${path}`;
  const answer = await askJson(vendor, deps, { method, url, headers, ...(body && { body }) });
  if (answer.ok) return answer.body ?? {};
  const errors = failure.safeParse(answer.body).data?.errors ?? [];
  if (errors.some(({ code }) => codes.includes(code))) return undefined;
  const words = errors.map(({ code, message }) => `${message} (${code})`).join(" ");
  throw refusedBy(vendor, answer, `${method} ${path.split("?")[0]}`, words);
}

function noZone({ name }: TxtRecord): Error {
  const message = `No active zone that this Cloudflare credential may read holds ${name}.`;
  const fix = "Add the zone to the account, give the token Zone Read for it, or use another solver.";
  return new RefusedError({ reason: "HostedZoneNotFound", message, fix });
}

function read(fields: Fields): CloudflareSolver {
  const wanted = { name: "secret name is required", key: "secret key is required" };
  const byKey = fields.isSet("apiKeySecretRef");
  const byToken = fields.isSet("apiTokenSecretRef");
  const apiKeySecretRef = byKey ? readSecretRef(fields, "apiKeySecretRef", wanted) : undefined;
  const apiTokenSecretRef = byToken ? readSecretRef(fields, "apiTokenSecretRef", wanted) : { name: "", key: "" };
  const email = fields.text("email") ?? "";
  if (byKey && byToken) {
    const message = "Forbidden: apiKeySecretRef and apiTokenSecretRef cannot both be specified";
    fields.faultAt(fields.path, message, "keep apiTokenSecretRef");
  }
  if (!(byKey || byToken)) {
    const message = requiredValue("apiKeySecretRef or apiTokenSecretRef is required");
    fields.faultAt(fields.path, message, "add apiTokenSecretRef with name and key");
  }
  if (byKey && !emailSyntax.test(email)) {
    fields.fault("email", requiredValue("the e-mail address of the key's account"), "add it, or use apiTokenSecretRef");
  }
  return apiKeySecretRef ? { apiKeySecretRef, email } : { apiTokenSecretRef };
}

const emailSyntax = /^[\x21-\x7e]+@[\x21-\x7e]+$/;

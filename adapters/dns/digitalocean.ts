import * as z from "zod/mini";
import type { DnsAccess, DnsAdapter } from "../../core/dns-adapter.ts";
import { RefusedError } from "../../core/errors.ts";
import type { DnsProvider, TxtRecord } from "../../core/ports.ts";
import { readSecretRef, type SecretRef } from "../../core/secret-ref.ts";
import { askJson, credentialIn, refusedBy, type Vendor } from "./json-api.ts";
import { oneByOne } from "./one-by-one.ts";

/** cert-manager's `dns01.digitalocean`. */
interface DigitalOceanSolver {
  tokenSecretRef: SecretRef;
}

/** TXT records at DigitalOcean (https://docs.digitalocean.com/reference/api/): every value is a record with an id of its own. */
export const digitalocean: DnsAdapter<DigitalOceanSolver> = {
  solver: {
    table: { tokenSecretRef: "read" },
    read: (fields) => {
      const wanted = { name: "secret name is required", key: "secret key is required" };
      return { tokenSecretRef: readSecretRef(fields, "tokenSecretRef", wanted) };
    },
  },
  // Nothing of AWS is called, but the token is a stored secret.
  permissions: () => ({ publish: [], settled: [], cleanUp: [] }),
  readsSecrets: true,
  create: async ({ tokenSecretRef }, { secret, fetch, clock }) =>
    providerFor({ token: credentialIn(await secret(tokenSecretRef), "tokenSecretRef"), fetch, clock }),
};

/** What errors call it: reasons are rows of docs/errors.md. */
const vendor: Vendor = {
  name: "DigitalOcean",
  refused: {
    reason: "DigitalOceanRefused",
    fix: "Check the token in the secret that tokenSecretRef names: it needs the scopes domain:read, :create and :delete.",
  },
  unavailable: { reason: "DigitalOceanUnavailable" },
  limited: { reason: "DigitalOceanRateLimited" },
};
/** The API tells nothing of propagation, so a change counts as settled after this time. */
const settlingMs = 30_000;
const ttlSeconds = 30;
const perPage = 200;

interface DigitalOceanDeps extends Pick<DnsAccess, "fetch" | "clock"> {
  token: string;
}

function providerFor(deps: DigitalOceanDeps): DnsProvider {
  return oneByOne<Domain>({
    clock: deps.clock,
    zones: () => pages(deps, "/domains?", (answer) => domains.parse(answer).domains),
    add: (domain, record) => add(deps, domain, record),
    remove: (domain, record) => remove(deps, domain, record),
    noZone,
    settlingMs,
  });
}

type Domain = z.infer<typeof domain>;
const domain = z.object({ name: z.string() });
const domains = z.object({ domains: z.array(domain) });
const domainRecords = z.object({ domain_records: z.array(z.object({ id: z.number(), data: z.string() })) });

async function add(deps: DigitalOceanDeps, domain: Domain, { name, value }: TxtRecord): Promise<boolean> {
  if ((await recordsAt(deps, domain, name)).some(({ data }) => data === value)) return false;
  const relative = name === domain.name ? "@" : name.slice(0, -domain.name.length - 1);
  const body = { type: "TXT", name: relative, data: value, ttl: ttlSeconds };
  await call(deps, "POST", `/domains/${domain.name}/records`, body);
  return true;
}

async function remove(deps: DigitalOceanDeps, domain: Domain, { name, value }: TxtRecord): Promise<boolean> {
  const ours = (await recordsAt(deps, domain, name)).filter(({ data }) => data === value);
  for (const { id } of ours) await call(deps, "DELETE", `/domains/${domain.name}/records/${id}`);
  return ours.length > 0;
}

function recordsAt(deps: DigitalOceanDeps, domain: Domain, name: string) {
  const path = `/domains/${domain.name}/records?type=TXT&name=${name}&`;
  return pages(deps, path, (answer) => domainRecords.parse(answer).domain_records);
}

async function pages<Item>(
  deps: DigitalOceanDeps,
  path: string,
  itemsOf: (answer: unknown) => Item[],
): Promise<Item[]> {
  const items: Item[] = [];
  for (let page = 1; items.length === (page - 1) * perPage; page += 1) {
    items.push(...itemsOf(await call(deps, "GET", `${path}per_page=${perPage}&page=${page}`)));
  }
  return items;
}

const failure = z.object({ message: z.string() });

async function call(
  { token, ...deps }: DigitalOceanDeps,
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: object,
): Promise<unknown> {
  const url = `https://api.digitalocean.com/v2${path}`;
  const headers = { authorization: `Bearer ${token}` };
  const answer = await askJson(vendor, deps, { method, url, headers, ...(body && { body }) });
  // Somebody else, maybe another Lambda, removed it first.
  const gone = method === "DELETE" && answer.status === 404;
  if (answer.ok || gone) return answer.body;
  const words = failure.safeParse(answer.body).data?.message ?? "";
  throw refusedBy(vendor, answer, `${method} ${path.split("?")[0]}`, words);
}

function noZone({ name }: TxtRecord): Error {
  const message = `No domain of this DigitalOcean account holds ${name}.`;
  const fix = "Add the domain to the account, or use another solver.";
  return new RefusedError({ reason: "HostedZoneNotFound", message, fix });
}

// A DNS provider of your own, here for Linode, where every value is a record with an id of its own (https://techdocs.akamai.com/linode-api/).
// Deploy it as certwright-dns-linode (Node.js 24, 60 s) with secretsmanager:GetSecretValue on the secret that holds the API token.
// docs/dns-lambda.md has the contract, and how to check a function of yours. This one was never run against Linode itself.
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

const secrets = new SecretsManagerClient();

/** What Lambda calls. @public */
export const handler = handlerFor({
  fetch,
  now: Date.now,
  readSecret: async (id) => (await secrets.send(new GetSecretValueCommand({ SecretId: id }))).SecretString,
});

/** Linode's name servers may take so long until they serve a change. */
const settlingMs = 120_000;

/** The handler, with what it needs of the outside; a test gives it a Linode of its own. */
export function handlerFor({ fetch, now, readSecret }) {
  return async ({ verb, config, records, changes }) => {
    if (verb === "settled") return { settled: changes.map((change) => !(Number(change.split("@")[1]) > now())) };
    const call = caller(fetch, await readSecret(config.tokenSecret));
    const domains = await all(call, "/domains");
    const results = [];
    for (const record of records) results.push(await one(verb, record, domains, call, now()).catch(failure));
    return { results };
  };
}

async function one(verb, { name, value }, domains, call, now) {
  const holding = domains.filter(({ domain }) => `.${name}`.endsWith(`.${domain}`));
  const zone = holding.sort((a, b) => b.domain.length - a.domain.length)[0];
  if (!zone) return { error: { kind: "noZone", message: "No domain of this Linode account holds it." } };
  const relative = name === zone.domain ? "" : name.slice(0, -zone.domain.length - 1);
  const path = `/domains/${zone.id}/records`;
  const there = (await all(call, path)).filter(
    (record) => record.type === "TXT" && record.name === relative && record.target === value,
  );
  // Twice is once, and others' values stay: only records of this very value are added and removed.
  if (there.length > 0 === (verb === "publish")) return { unchanged: true };
  if (verb === "publish") await call("POST", path, { type: "TXT", name: relative, target: value, ttl_sec: 30 });
  for (const { id } of there) await call("DELETE", `${path}/${id}`);
  return { change: `${zone.domain}@${now + settlingMs}` };
}

async function all(call, path) {
  const items = [];
  for (let [page, pages] = [1, 1]; page <= pages; page += 1) {
    const answer = await call("GET", `${path}?page_size=500&page=${page}`);
    items.push(...answer.data);
    pages = answer.pages;
  }
  return items;
}

function caller(fetch, token) {
  return async (method, path, body) => {
    const answer = await fetch(`https://api.linode.com/v4${path}`, {
      method,
      headers: { authorization: `Bearer ${token.trim()}`, "content-type": "application/json" },
      redirect: "error",
      signal: AbortSignal.timeout(10_000),
      ...(body && { body: JSON.stringify(body) }),
    });
    const said = await answer.json().catch(() => ({}));
    const gone = method === "DELETE" && answer.status === 404;
    if (answer.ok || gone) return said;
    const words = said.errors?.map(({ reason }) => reason).join(" ") ?? "";
    const kind = answer.status === 429 || answer.status >= 500 ? "unavailable" : "refused";
    throw Object.assign(new Error(`Linode answered ${answer.status} to ${method} ${path.split("?")[0]}. ${words}`), {
      kind,
    });
  };
}

/** What has no kind is the network. */
function failure({ kind = "unavailable", message }) {
  return { error: { kind, message } };
}

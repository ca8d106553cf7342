import { randomUUID } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { decode, encode } from "dns-packet";

interface Account {
  username: string;
  password: string;
  subdomain: string;
  fulldomain: string;
  allowfrom: string[];
}

/** The two places of an account, each with the second in which it was written. */
type Slots = [Slot, Slot];
interface Slot {
  value: string;
  second: number;
}

const base64url = /^[A-Za-z0-9_-]+$/;

/**
 * acme-dns in small, on 127.0.0.1: `/register` and `/update` over HTTP, TXT over DNS (UDP). It keeps its manners: 43 characters,
 * forty in a password, the value written longest ago is replaced, and time counts in seconds (github.com/joohoi/acme-dns,
 * pkg/api and pkg/database). `second` is its clock.
 */
export async function startAcmeDns(domain: string, second: () => number) {
  const accounts: Account[] = [];
  const slots = new Map<string, Slots>();
  const queries: string[] = [];
  const api = createServer((request, response) => {
    const answer = request.url === "/register" ? register() : update(request);
    Promise.resolve(answer).then(
      ([status, body]) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body)),
      () => response.writeHead(500).end(),
    );
  });

  function register(): [number, unknown] {
    const subdomain = randomUUID();
    const password = `${randomUUID()}${randomUUID()}`.replaceAll("-", "").slice(0, 40);
    const account = {
      username: randomUUID(),
      password,
      subdomain,
      fulldomain: `${subdomain}.${domain}`,
      allowfrom: [],
    };
    accounts.push(account);
    const empty = { value: "", second: 0 };
    slots.set(subdomain, [{ ...empty }, { ...empty }]);
    return [201, account];
  }

  async function update(request: IncomingMessage): Promise<[number, unknown]> {
    if (request.url !== "/update" || request.method !== "POST") return [404, { error: "not_found" }];
    const { "x-api-user": username, "x-api-key": password } = request.headers;
    const { subdomain, txt } = JSON.parse(await text(request));
    const account = accounts.find((one) => one.username === username && one.password === password);
    if (account?.subdomain !== subdomain) return [401, { error: "forbidden" }];
    if (txt.length !== 43 || !base64url.test(txt)) return [400, { error: "bad_txt" }];
    set(subdomain, txt);
    return [200, { txt }];
  }

  /** Of two of the same second it is the first. */
  function set(subdomain: string, value: string): void {
    const [first, other] = slots.get(subdomain) ?? [];
    if (!(first && other)) return;
    Object.assign(other.second < first.second ? other : first, { value, second: second() });
  }

  const dns = createSocket("udp4", (bytes, from) => {
    const { id = 0, questions = [] } = decode(bytes);
    const [question] = questions;
    const name = question?.name.toLowerCase() ?? "";
    queries.push(name);
    const served = question?.type === "TXT" ? values(name) : [];
    const answers = served.map((data) => ({ name, type: "TXT" as const, class: "IN" as const, ttl: 1, data }));
    const flags = 0x400 | (answers.length > 0 ? 0 : 3);
    dns.send(encode({ type: "response", id, flags, questions, answers }), from.port, from.address);
  });
  const values = (fulldomain: string) =>
    (slots.get(fulldomain.split(".")[0] ?? "") ?? []).map(({ value }) => value).filter((value) => value !== "");

  dns.bind(0, "127.0.0.1");
  api.listen(0, "127.0.0.1");
  await Promise.all([once(dns, "listening"), once(api, "listening")]);
  return {
    url: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
    nameServer: `127.0.0.1:${dns.address().port}`,
    queries,
    set,
    close: async () => {
      dns.close();
      api.close();
      api.closeAllConnections();
      await once(api, "close");
    },
  };
}

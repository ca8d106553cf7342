import { txtAt } from "../../adapters/dns/acme-dns/look.ts";
import { openAcmeDns } from "../../adapters/dns/acme-dns/records.ts";
import type { DnsWorld } from "../contract/dns-provider.ts";
import type { startAcmeDns } from "./acme-dns-server.ts";
import { withoutDns } from "./memory-lookup.ts";

export interface AcmeDnsWorld extends DnsWorld {
  /** `POST /update`s that have arrived. */
  updates(): number;
  /** The name that the domain's CNAME leads to. */
  fulldomain(domain: string): string;
  /** From now on nobody answers over DNS. */
  silenceDns(): void;
}

/** The contract's world over a running acme-dns, with an account for each domain that the suite uses. */
export async function acmeDnsWorld(server: Awaited<ReturnType<typeof startAcmeDns>>): Promise<AcmeDnsWorld> {
  const zones: [string, string] = ["one.test", "two.test"];
  const domains = [...zones, ...zones.map((zone) => `www.${zone}`), "x.two.test"];
  const registered = await Promise.all(
    domains.map(async (domain) => [domain, await (await fetch(`${server.url}/register`, { method: "POST" })).json()]),
  );
  const accounts = Object.fromEntries(registered) as Record<string, { fulldomain: string; subdomain: string }>;
  const accountOf = (name: string) => accounts[name.replace("_acme-challenge.", "")];
  let before: (() => Promise<void>) | undefined;
  let [updates, minutes, silent] = [0, 0, false];
  const toServer = async (url: string, init?: RequestInit) => {
    const act = before;
    before = undefined;
    await act?.();
    updates += 1;
    return fetch(url.replace("https://auth.test", server.url), init);
  };
  const open = () => {
    minutes += 1;
    const now = new Date(Date.UTC(2026, 0, 1, 0, minutes));
    const access = {
      clock: { now: () => now },
      fetch: toServer,
      secret: async () => JSON.stringify(accounts),
      aws: () => Promise.reject(new Error("nothing of AWS is called")),
      allowedPrivateHosts: [],
      ...withoutDns,
      addressesOf: async () => ["9.9.9.9"],
    };
    const look = async (name: string) => (silent ? undefined : txtAt([server.nameServer], name));
    return openAcmeDns(
      { host: "https://auth.test", accountSecretRef: { name: "acme-dns", key: "accounts" } },
      access,
      look,
    );
  };
  return {
    zones,
    provider: async () => {
      const { publish, ...dns } = await open();
      return {
        ...dns,
        publish: async (records) => {
          const results = await publish(records.map(({ name, value }) => ({ name, value: padded(value) })));
          return results.map((result, index) => ({ ...result, record: records[index] ?? result.record }));
        },
      };
    },
    values: async (name) => ((await txtAt([server.nameServer], accountOf(name)?.fulldomain ?? "")) ?? []).map(bare),
    addForeign: async (name, value) => server.set(accountOf(name)?.subdomain ?? "", padded(value)),
    beforeNextSwap: (act) => {
      before = act;
    },
    updates: () => updates,
    fulldomain: (domain) => accounts[domain]?.fulldomain ?? "",
    silenceDns: () => {
      silent = true;
    },
  };
}

/** Any text as the 43 characters that acme-dns takes. */
function padded(value: string): string {
  return Buffer.from(value).toString("hex").padEnd(43, "_");
}

function bare(value: string): string {
  return Buffer.from(value.replace(/_+$/, ""), "hex").toString();
}

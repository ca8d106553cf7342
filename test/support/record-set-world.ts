import type { DnsAccess, DnsAdapter } from "../../core/dns-adapter.ts";
import type { DnsProvider } from "../../core/ports.ts";
import type { DnsWorld } from "../contract/dns-provider.ts";
import type { Reply } from "./described-api.ts";
import { withoutDns } from "./memory-lookup.ts";

/** The TXT set of one name, as a fake API holds it; `version` rises with each change. */
export interface HeldSet {
  zone: string;
  ttl: number;
  /** As served, without quotes. */
  values: string[];
  version: number;
}

/** Zones and, by absolute name, their sets. */
export interface SetStore {
  zones: string[];
  sets: Map<string, HeldSet>;
  /** Replaces a set; with no values it is gone. */
  put(name: string, values: string[], ttl: number): void;
}

/** A vendor's API over such a store. */
export interface SetApi {
  fetch: DnsAccess["fetch"];
  /** What broke the vendor's description. */
  broken: string[];
  /** Whether a call, `GET /path`, looks at a set, or replaces one. */
  looks(call: string): boolean;
  writes(call: string): boolean;
}

export interface RecordSetWorld extends DnsWorld {
  provider(): Promise<DnsProvider>;
  store: SetStore;
  /** Every call: `GET /path`, without host and query. */
  calls: string[];
  broken: string[];
  /** Answers every call that this names, instead of the API. */
  answerInstead(answer: (call: string) => Reply | Error | undefined): void;
}

interface Opening<Config> {
  adapter: DnsAdapter<Config>;
  config: Config;
  /** By `<secret>/<key>`. */
  secrets: Record<string, string>;
}

/** The contract's world over an API that replaces a name's values at once; every provider after the first finds the clock a minute later. */
export function recordSetWorld<Config>(
  serve: (store: SetStore, clock: () => Date) => SetApi,
  { adapter, config, secrets }: Opening<Config>,
): RecordSetWorld {
  const store = setStore(["one.test", "two.test"]);
  let minutes = 0;
  const now = () => new Date(Date.UTC(2026, 0, 1, 0, minutes));
  const api = serve(store, now);
  const calls: string[] = [];
  let before: (() => Promise<void>) | undefined;
  let looked = false;
  let instead: (call: string) => Reply | Error | undefined = () => undefined;
  const fetch = async (url: string, init: RequestInit = {}) => {
    const call = `${init.method ?? "GET"} ${new URL(url).pathname}`;
    calls.push(call);
    const answer = instead(call);
    if (answer instanceof Error) throw answer;
    if (answer) return new Response(JSON.stringify(answer.body ?? {}), answer);
    const act = looked && api.writes(call) ? before : undefined;
    if (act) before = undefined;
    await act?.();
    looked ||= api.looks(call);
    return api.fetch(url, init);
  };
  return {
    zones: ["one.test", "two.test"],
    store,
    calls,
    broken: api.broken,
    provider: () => {
      minutes = Math.min(minutes + 1, 2);
      const at = now();
      const secret: DnsAccess["secret"] = async ({ name, key }) => secrets[`${name}/${key}`] ?? "";
      const aws = () => Promise.reject(new Error("nothing of AWS is called"));
      return adapter.create(config, {
        clock: { now: () => at },
        fetch,
        aws,
        secret,
        allowedPrivateHosts: [],
        ...withoutDns,
      });
    },
    values: async (name) => [...(store.sets.get(name)?.values ?? [])],
    addForeign: async (name, value) => {
      const { values = [], ttl = 300 } = store.sets.get(name) ?? {};
      store.put(name, [...values, value], ttl);
    },
    beforeNextSwap: (act) => {
      before = act;
    },
    answerInstead: (answer) => {
      instead = answer;
    },
  };
}

function setStore(zones: string[]): SetStore {
  const versions = new Map<string, number>();
  const store: SetStore = {
    zones,
    sets: new Map(),
    put: (name, values, ttl) => {
      const version = (versions.get(name) ?? 0) + 1;
      versions.set(name, version);
      const holding = store.zones.filter((one) => `.${name}`.endsWith(`.${one}`));
      const zone = holding.sort((a, b) => b.length - a.length)[0] ?? "";
      if (values.length === 0) store.sets.delete(name);
      else store.sets.set(name, { zone, ttl, values: [...values], version });
    },
  };
  return store;
}

import type { DnsAccess, DnsAdapter } from "../../core/dns-adapter.ts";
import type { DnsProvider } from "../../core/ports.ts";
import type { DnsWorld } from "../contract/dns-provider.ts";
import type { Operation, Reply } from "./described-api.ts";
import { describedApi } from "./described-api.ts";
import { withoutDns } from "./memory-lookup.ts";

/** A TXT record that a fake API holds; `name` is absolute. */
export interface HeldRecord {
  id: number;
  zone: string;
  name: string;
  content: string;
}

/** What a fake API of one vendor stands on: its zones and records, and a way to be troubled. */
export interface RecordStore {
  zones: string[];
  records: HeldRecord[];
  hold(zone: string, name: string, content: string): HeldRecord;
  drop(id: number): void;
}

export interface RecordApi {
  base: string;
  operations(store: RecordStore): Operation[];
  /** Refuses what has no right credential. */
  guard(headers: Headers): Reply | undefined;
  /** As the API keeps a value that somebody else writes, and back. */
  written(value: string): string;
  read(content: string): string;
}

export interface RecordApiWorld extends DnsWorld {
  store: RecordStore;
  fetch: DnsAccess["fetch"];
  /** Every call: `GET /path`, without query. */
  calls: string[];
  /** What broke the vendor's description. */
  broken: string[];
  /** Answers every call that this names, instead of the API. */
  answerInstead(answer: (call: string) => Reply | Error | undefined): void;
}

const noAws = () => Promise.reject(new Error("nothing of AWS is called"));

/** The contract's world over such an API; each provider finds the clock five minutes later. */
export function recordApiWorld<Config>(
  api: RecordApi,
  adapter: DnsAdapter<Config>,
  config: Config,
  secrets: Record<string, string>,
): RecordApiWorld {
  const store = recordStore(["one.test", "two.test"]);
  const served = describedApi(api.base, api.operations(store), api.guard);
  const calls: string[] = [];
  let before: (() => Promise<void>) | undefined;
  let instead: (call: string) => Reply | Error | undefined = () => undefined;
  let minutes = 0;
  const fetch = async (url: string, init: RequestInit = {}) => {
    const call = `${init.method ?? "GET"} ${url.slice(api.base.length).split("?")[0]}`;
    calls.push(call);
    const answer = instead(call);
    if (answer instanceof Error) throw answer;
    if (answer) return new Response(JSON.stringify(answer.body ?? {}), answer);
    if (init.method !== "GET") {
      const act = before;
      before = undefined;
      await act?.();
    }
    return served.fetch(url, init);
  };
  const provider = (): Promise<DnsProvider> => {
    minutes += 5;
    const now = new Date(Date.UTC(2026, 0, 1, 0, minutes));
    const secret: DnsAccess["secret"] = async ({ name, key }) => secrets[`${name}/${key}`] ?? "";
    return adapter.create(config, {
      clock: { now: () => now },
      fetch,
      aws: noAws,
      secret,
      allowedPrivateHosts: [],
      ...withoutDns,
    });
  };
  return {
    zones: ["one.test", "two.test"],
    store,
    fetch,
    calls,
    broken: served.broken,
    provider,
    values: async (name) =>
      store.records.filter((record) => record.name === name).map(({ content }) => api.read(content)),
    addForeign: async (name, value) => {
      const zone = store.zones.find((zone) => name.endsWith(`.${zone}`)) ?? "";
      store.hold(zone, name, api.written(value));
    },
    beforeNextSwap: (act) => {
      before = act;
    },
    answerInstead: (answer) => {
      instead = answer;
    },
  };
}

function recordStore(zones: string[]): RecordStore {
  const store: RecordStore = {
    zones,
    records: [],
    hold: (zone, name, content) => {
      const record = { id: Math.max(0, ...store.records.map(({ id }) => id)) + 1, zone, name, content };
      store.records.push(record);
      return record;
    },
    drop: (id) => {
      store.records = store.records.filter((record) => record.id !== id);
    },
  };
  return store;
}

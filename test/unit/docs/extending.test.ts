import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as dnsAdapters from "../../../adapters/dns/index.ts";
import { functionNames } from "../../../cdk/functions.ts";
import { namesOf } from "../../../cdk/names.ts";
import { type Grounds, permissionsOn } from "../../../cdk/permissions.ts";
import { rightsOf } from "../../../cdk/rights.ts";
import type { DnsAccess, DnsAdapters } from "../../../core/dns-adapter.ts";
import { RefusedError, UnavailableError } from "../../../core/errors.ts";
import { parseIssuer } from "../../../core/request.ts";
import { type DnsWorld, testDnsProvider } from "../../contract/dns-provider.ts";
import { digitalocean } from "../../support/digitalocean.ts";
import { goodIssuer } from "../../support/good-objects.ts";

interface Held {
  id: number;
  zone: string;
  name: string;
  data: string;
}

const place = { instance: "certwright", partition: "aws", account: "111122223333", region: "eu-central-1" };
const grounds = {
  names: namesOf(place),
  settings: { zones: ["*"], validationZones: [], assumableRoles: [] },
  partition: "aws",
} as unknown as Grounds;
const solver = { tokenSecretRef: { name: "digitalocean", key: "token" } };
const noAws = () => Promise.reject(new Error("nothing of AWS is called"));

/** DigitalOcean's part of the contract's world: records with ids, and a clock that the next provider finds later. */
function world(): DnsWorld & { answer: number | undefined } {
  const zones: [string, string] = ["one.test", "two.test"];
  let held: Held[] = [];
  let before: (() => Promise<void>) | undefined;
  let now = 0;
  const hold = (zone: string, name: string, data: string) => {
    held.push({ id: Math.max(0, ...held.map(({ id }) => id)) + 1, zone, name, data });
  };
  const others = async () => {
    const act = before;
    before = undefined;
    await act?.();
  };
  const serve = (method: string, url: URL, body: { name: string; data: string }): object => {
    const [, , , zone = "", , id] = url.pathname.split("/");
    if (zone === "") return { domains: zones.map((name) => ({ name })) };
    if (method === "POST") hold(zone, `${body.name}.${zone}`, body.data);
    if (method === "DELETE") held = held.filter((record) => record.id !== Number(id));
    const name = url.searchParams.get("name");
    return { domain_records: held.filter((record) => record.zone === zone && record.name === name) };
  };
  const fake: DnsWorld & { answer: number | undefined } = {
    answer: undefined,
    zones,
    provider: () => {
      now += 60_000;
      const at = new Date(now);
      const fetch = async (url: string, { method = "GET", body }: { method?: string; body?: string }) => {
        if (fake.answer !== undefined) return new Response("{}", { status: fake.answer });
        if (method !== "GET") await others();
        const answer = serve(method, new URL(url), JSON.parse(body ?? "{}"));
        return method === "DELETE" ? new Response(null, { status: 204 }) : Response.json(answer);
      };
      const access = {
        fetch: fetch as DnsAccess["fetch"],
        clock: { now: () => at },
        secret: async () => "t",
        aws: noAws,
      };
      return digitalocean.create(solver, access);
    },
    values: async (name) => held.filter((record) => record.name === name).map(({ data }) => data),
    addForeign: async (name, value) => hold(zones.find((zone) => name.endsWith(`.${zone}`)) ?? "", name, value),
    beforeNextSwap: (act) => {
      before = act;
    },
  };
  return fake;
}

testDnsProvider("the worked example of docs/extending.md", world);

describe("the worked example of docs/extending.md", () => {
  it("is the file that is tested here, to the letter", () => {
    const text = readFileSync("docs/extending.md", "utf8");
    const shown = /```ts\n\/\/ adapters\/dns\/digitalocean\.ts\n([\s\S]*?)```/.exec(text)?.[1];
    expect(shown).toBe(readFileSync("test/support/digitalocean.ts", "utf8"));
  });

  it.each([
    [401, RefusedError],
    [429, UnavailableError],
    [503, UnavailableError],
  ])("names an answer of %d", async (status, kind) => {
    const refusing = world();
    refusing.answer = status;
    const [result] = await (await refusing.provider()).publish([{ name: "_acme-challenge.www.one.test", value: "v" }]);
    expect(result && "error" in result ? result.error : result).toBeInstanceOf(kind);
  });

  it("is all that an issuer needs to name it, beside the providers that are there", () => {
    const adapters = { ...dnsAdapters, digitalocean };
    const dns01 = { digitalocean: { tokenSecretRef: { name: "digitalocean", key: "token" } } };
    const issuer = (solvers: unknown[]) => goodIssuer({ solvers });
    const read = parseIssuer(issuer([{ dns01 }, { dns01: { route53: {} } }]), adapters);
    expect(read.ok ? read.resource.spec.acme.solvers : read.faults).toEqual([{ dns01 }, { dns01: { route53: {} } }]);
    const wrong = parseIssuer(issuer([{ dns01: { digitalocean: { tokenSecretRef: { name: "x" } } } }]), adapters);
    expect(wrong.ok ? [] : wrong.faults.map(({ path }) => path)).toEqual([
      "spec.acme.solvers[0].dns01.digitalocean.tokenSecretRef.key",
    ]);
    const both = parseIssuer(issuer([{ dns01: { ...dns01, route53: {} } }]), adapters);
    expect(both.ok ? [] : both.faults.map(({ message }) => message)).toEqual([
      "Forbidden: may not specify more than one provider type",
    ]);
    expect(parseIssuer(issuer([{ dns01 }]), dnsAdapters).ok).toBe(false);
  });

  it("lets the functions that call it read stored secrets, and no others", () => {
    const readers = (adapters: DnsAdapters) => {
      const may = permissionsOn(grounds, adapters);
      return functionNames.filter((folder) => {
        const reads = rightsOf(folder, may).filter(({ actions }) => actions.includes("secretsmanager:GetSecretValue"));
        return JSON.stringify(reads).includes("StringNotLike");
      });
    };
    const added = readers({ ...dnsAdapters, digitalocean }).filter((folder) => !readers(dnsAdapters).includes(folder));
    expect(added).toEqual(["publish-challenge", "check-propagation", "clean-up-challenge"]);
  });
});

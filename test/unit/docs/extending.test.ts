import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as dnsAdapters from "../../../adapters/dns/index.ts";
import { functionNames } from "../../../cdk/functions.ts";
import { namesOf } from "../../../cdk/names.ts";
import { type Grounds, permissionsOn } from "../../../cdk/permissions.ts";
import { rightsOf } from "../../../cdk/rights.ts";
import type { DnsAdapters } from "../../../core/dns-adapter.ts";
import { parseIssuer } from "../../../core/request.ts";
import { goodIssuer } from "../../support/good-objects.ts";

const place = { instance: "certwright", partition: "aws", account: "111122223333", region: "eu-central-1" };
const grounds = {
  names: namesOf(place),
  settings: { zones: ["*"], validationZones: [], assumableRoles: [], dnsFunctions: [] },
  partition: "aws",
} as unknown as Grounds;
const { digitalocean, route53 } = dnsAdapters;

describe("the worked example of docs/extending.md", () => {
  const page = readFileSync("docs/extending.md", "utf8");

  it("is the file that is there, to the letter", () => {
    const shown = /```ts\n\/\/ adapters\/dns\/digitalocean\.ts\n([\s\S]*?)```/.exec(page)?.[1];
    expect(shown).toBe(readFileSync("adapters/dns/digitalocean.ts", "utf8"));
  });

  it("shows the call of the suite and the line of the registry as they are", () => {
    const blocks = [...page.matchAll(/```ts\n([\s\S]*?)\n```/g)].map(([, text]) => text);
    expect(blocks).toContain('testDnsProvider("digitalocean on the strict fake", () => world());');
    expect(readFileSync("test/unit/adapters/dns/digitalocean.test.ts", "utf8")).toContain(
      'testDnsProvider("digitalocean on the strict fake", () => world());',
    );
    expect(blocks).toContain('export { digitalocean } from "./digitalocean.ts";');
    expect(readFileSync("adapters/dns/index.ts", "utf8")).toContain(
      'export { digitalocean } from "./digitalocean.ts";',
    );
  });

  it("is all that an issuer needs to name it, beside the providers that are there", () => {
    const adapters: DnsAdapters = { route53, digitalocean };
    const dns01 = { digitalocean: { tokenSecretRef: { name: "digitalocean", key: "token" } } };
    const issuer = (solvers: unknown[]) => goodIssuer({ solvers });
    const read = parseIssuer(issuer([{ dns01 }, { dns01: { route53: {} } }]), adapters);
    expect(read.ok ? read.resource.spec.acme?.solvers : read.faults).toEqual([{ dns01 }, { dns01: { route53: {} } }]);
    const wrong = parseIssuer(issuer([{ dns01: { digitalocean: { tokenSecretRef: { name: "x" } } } }]), adapters);
    expect(wrong.ok ? [] : wrong.faults.map(({ path }) => path)).toEqual([
      "spec.acme.solvers[0].dns01.digitalocean.tokenSecretRef.key",
    ]);
    const both = parseIssuer(issuer([{ dns01: { ...dns01, route53: {} } }]), adapters);
    expect(both.ok ? [] : both.faults.map(({ message }) => message)).toEqual([
      "Forbidden: may not specify more than one provider type",
    ]);
    expect(parseIssuer(issuer([{ dns01 }]), { route53 }).ok).toBe(false);
  });

  it("lets the functions that call it read stored secrets, and no others", () => {
    const readers = (adapters: DnsAdapters) => {
      const may = permissionsOn(grounds, adapters);
      return functionNames.filter((folder) => {
        const reads = rightsOf(folder, may).filter(({ actions }) => actions.includes("secretsmanager:GetSecretValue"));
        return JSON.stringify(reads).includes('"Null"') && folder !== "sync-kubernetes";
      });
    };
    const added = readers({ route53, digitalocean }).filter((folder) => !readers({ route53 }).includes(folder));
    expect(added).toEqual(["publish-challenge", "check-propagation", "clean-up-challenge"]);
  });
});

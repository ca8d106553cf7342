import type { DnsAdapters } from "./dns-adapter.ts";
import { readDnsName } from "./dns-name.ts";
import { invalidValue, quote, requiredValue } from "./field-fault.ts";
import { type Fields, type FieldTable, later } from "./field-reader.ts";
import type { Kind } from "./resource.ts";
import type { Solver, SolverSelector } from "./solver.ts";

const onlyDns01 = "use dns01: this version of certwright answers DNS01 challenges only";

/** The fields of an entry of `spec.acme.solvers`. */
export const solverTable: FieldTable = {
  selector: "read",
  dns01: "read",
  http01: later({ fix: onlyDns01, unlessAbsent: true }),
  waitInsteadOfSelfCheck: later({ unlessAbsent: true }),
};
const selectorTable: FieldTable = { matchLabels: "read", dnsNames: "read", dnsZones: "read" };

/** cert-manager's providers; one without an adapter here comes with a later version. */
const providerNames = [
  "acmeDNS",
  "akamai",
  "azureDNS",
  "cloudDNS",
  "cloudflare",
  "digitalocean",
  "rfc2136",
  "route53",
  "webhook",
];

/** Reads an entry of `spec.acme.solvers`; what stands under a provider's name its own adapter reads. */
export function readSolver(fields: Fields, kind: Kind, adapters: DnsAdapters): Solver {
  const selector = fields.map("selector", selectorTable);
  const dns01 = fields.map("dns01", dns01Table(Object.keys(adapters)));
  if (!(fields.isSet("dns01") || fields.isSet("http01"))) {
    fields.faultAt(fields.path, requiredValue("no solver type configured"), "add dns01: {route53: {}}");
  }
  return {
    ...(selector === undefined ? {} : { selector: readSelector(selector) }),
    dns01: dns01 ? readProvider(dns01, kind, adapters) : {},
  };
}

function dns01Table(ours: string[]): FieldTable {
  const fix = `use ${ours.map((name) => `dns01.${name}`).join(" or ")}: other providers come with a later version`;
  const other = later({ fix, unlessAbsent: true });
  return {
    cnameStrategy: later({ harmless: (value) => value === "None" }),
    nameservers: later(),
    ...Object.fromEntries(providerNames.map((name) => [name, other])),
    ...Object.fromEntries(ours.map((name) => [name, "read" as const])),
  };
}

function readProvider(dns01: Fields, kind: Kind, adapters: DnsAdapters): Record<string, unknown> {
  const ours = Object.entries(adapters);
  const [first, ...others] = [...new Set([...providerNames, ...Object.keys(adapters)])].filter(dns01.isSet);
  if (first === undefined) {
    dns01.faultAt(dns01.path, requiredValue("no DNS01 provider configured"), "add route53: {}");
  }
  for (const name of others) {
    dns01.fault(name, "Forbidden: may not specify more than one provider type", `keep ${first} or ${name}`);
  }
  const read = ours.map(([name, { solver }]) => {
    const fields = dns01.map(name, solver.table);
    return [name, fields && solver.read(fields, kind)] as const;
  });
  return Object.fromEntries(read.filter(([, config]) => config !== undefined));
}

function readSelector(fields: Fields): SolverSelector {
  return {
    matchLabels: fields.textMap("matchLabels"),
    dnsNames: readNames(fields, "dnsNames"),
    dnsZones: readNames(fields, "dnsZones"),
  };
}

function readNames(fields: Fields, field: string): string[] {
  return fields.texts(field).flatMap(({ path, text }) => {
    const read = readDnsName(text.replace(/\.$/, ""));
    if ("name" in read) return [read.name];
    fields.faultAt(path, invalidValue(quote(text), read.problem), "write a DNS name such as example.com");
    return [];
  });
}

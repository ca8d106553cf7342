import type { DnsAdapters } from "./dns-adapter.ts";
import { readDnsName } from "./dns-name.ts";
import { printDuration } from "./duration.ts";
import { readDuration } from "./duration-field.ts";
import { invalidValue, quote, requiredValue } from "./field-fault.ts";
import { type Fields, type FieldTable, later } from "./field-reader.ts";
import { http01Table, readHttp01 } from "./http01-fields.ts";
import { parseNameServer } from "./name-server.ts";
import type { Kind } from "./resource.ts";
import type { Solver, SolverSelector } from "./solver.ts";

/** The fields of an entry of `spec.acme.solvers`. */
export const solverTable: FieldTable = {
  selector: "read",
  dns01: "read",
  http01: "read",
  waitInsteadOfSelfCheck: "read",
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
  const http01 = fields.map("http01", http01Table);
  if (!(fields.isSet("dns01") || fields.isSet("http01"))) {
    fields.faultAt(fields.path, requiredValue("no solver type configured"), "add dns01: {route53: {}}");
  } else if (dns01 && http01) {
    const message = "Forbidden: may not specify more than one solver type in a single solver";
    fields.faultAt(fields.path, message, "make two solvers of it");
  }
  return {
    ...(selector === undefined ? {} : { selector: readSelector(selector) }),
    ...(http01 ? { http01: readHttp01(http01) } : { dns01: dns01 ? readProvider(dns01, kind, adapters) : {} }),
    ...(dns01 && readStrategies(dns01)),
    ...readWait(fields),
  };
}

function readStrategies(dns01: Fields): Pick<Solver, "follow" | "nameservers"> {
  const follow = dns01.oneOf("cnameStrategy", ["None", "Follow"]) === "Follow";
  const nameservers = dns01.texts("nameservers").flatMap(({ path, text }) => {
    if (isServer(text)) return [text];
    // A URL may hold a password.
    const shown = text.includes("@") ? '"(not shown)"' : quote(text);
    const fix = "write host:port such as 8.8.8.8:53, or a DoH URL such as https://dns.google/dns-query";
    dns01.faultAt(path, invalidValue(shown, "must be in the form host:port, or an https URL"), fix);
    return [];
  });
  return { ...(follow ? { follow } : {}), ...(nameservers.length > 0 ? { nameservers } : {}) };
}

function isServer(text: string): boolean {
  if (!text.startsWith("https://")) return parseNameServer(text) !== undefined && !text.includes("/");
  const url = URL.parse(text);
  return url !== null && url.username === "" && url.password === "" && url.hash === "";
}

/** The longest that a batch of one waits in a step (core/steps/waiting.ts). */
const longestWaitSeconds = 6 * 3_600;

function readWait(fields: Fields): Pick<Solver, "waitInsteadOfSelfCheckSeconds"> {
  const seconds = readDuration(fields, "waitInsteadOfSelfCheck");
  if (seconds === undefined) return {};
  if (seconds < 0 || seconds > longestWaitSeconds) {
    const message = invalidValue(quote(printDuration(seconds)), "must be between 0s and 6h");
    fields.fault("waitInsteadOfSelfCheck", message, "write a short duration such as 90s");
  }
  return { waitInsteadOfSelfCheckSeconds: seconds };
}

function dns01Table(ours: string[]): FieldTable {
  const fix = `use ${ours.map((name) => `dns01.${name}`).join(" or ")}: other providers come with a later version`;
  const other = later({ fix, unlessAbsent: true });
  return {
    cnameStrategy: "read",
    nameservers: "read",
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

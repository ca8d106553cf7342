import { readDnsName } from "./dns-name.ts";
import { invalidValue, quote, requiredValue } from "./field-fault.ts";
import { type Fields, type FieldTable, later } from "./field-reader.ts";
import type { Kind } from "./resource.ts";
import type { Route53Solver, Solver, SolverSelector } from "./solver.ts";

const onlyDns01 = "use dns01.route53: this version of certwright answers DNS01 challenges only";
const onlyRoute53 = "use dns01.route53: other providers come with a later version";
const noAccessKeys = "remove it: certwright uses IAM roles, never access keys; name one in route53.role";
const noServiceAccounts = "remove it: there is no Kubernetes service account here; name a role in route53.role";

const otherProvider = later({ fix: onlyRoute53, unlessAbsent: true });
const accessKey = later({ fix: noAccessKeys });

/** The fields of an entry of `spec.acme.solvers`. */
export const solverTable: FieldTable = {
  selector: "read",
  dns01: "read",
  http01: later({ fix: onlyDns01, unlessAbsent: true }),
  waitInsteadOfSelfCheck: later({ unlessAbsent: true }),
};
const selectorTable: FieldTable = { matchLabels: "read", dnsNames: "read", dnsZones: "read" };
const otherProviders = {
  akamai: otherProvider,
  azureDNS: otherProvider,
  cloudDNS: otherProvider,
  cloudflare: otherProvider,
  digitalocean: otherProvider,
  acmeDNS: otherProvider,
  rfc2136: otherProvider,
  webhook: otherProvider,
};
const dns01Table: FieldTable = {
  route53: "read",
  cnameStrategy: later({ harmless: (value) => value === "None" }),
  nameservers: later(),
  ...otherProviders,
};
const route53Table: FieldTable = {
  region: "read",
  hostedZoneID: "read",
  role: "read",
  accessKeyID: accessKey,
  accessKeyIDSecretRef: accessKey,
  secretAccessKeySecretRef: accessKey,
  auth: later({ fix: noServiceAccounts }),
};

const zoneIdSyntax = /^(\/hostedzone\/)?([A-Z0-9]{1,32})$/;
const regionSyntax = /^[a-z]{2}(-[a-z]+)+-\d$/;
const roleSyntax = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/;

/** Reads an entry of `spec.acme.solvers`; only cluster-scoped issuers may use the installation's own credentials. */
export function readSolver(fields: Fields, kind: Kind): Solver {
  const selector = fields.map("selector", selectorTable);
  const dns01 = fields.map("dns01", dns01Table);
  if (!(fields.isSet("dns01") || fields.isSet("http01"))) {
    fields.faultAt(fields.path, requiredValue("no solver type configured"), "add dns01: {route53: {}}");
  }
  const route53 = dns01?.map("route53", route53Table);
  if (dns01 && !["route53", ...Object.keys(otherProviders)].some((provider) => dns01.isSet(provider))) {
    dns01.faultAt(dns01.path, requiredValue("no DNS01 provider configured"), "add route53: {}");
  }
  return {
    ...(selector === undefined ? {} : { selector: readSelector(selector) }),
    dns01: { route53: route53 ? readRoute53(route53, kind) : {} },
  };
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

function readRoute53(fields: Fields, kind: Kind): Route53Solver {
  const region = fields.text("region");
  const zone = fields.text("hostedZoneID");
  const role = fields.text("role");
  if (region !== undefined && !regionSyntax.test(region)) {
    fields.fault("region", invalidValue(quote(region), "must be an AWS region"), "write a region such as eu-central-1");
  }
  const hostedZoneID = zone === undefined ? undefined : zoneIdSyntax.exec(zone)?.[2];
  if (zone !== undefined && hostedZoneID === undefined) {
    const fix = "write the zone's id, such as Z0123456789ABCDEFGHIJ, not its name";
    fields.fault("hostedZoneID", invalidValue(quote(zone), "must be the id of a hosted zone"), fix);
  }
  checkRole(fields, role, kind);
  return {
    ...(region === undefined ? {} : { region }),
    ...(hostedZoneID === undefined ? {} : { hostedZoneID }),
    ...(role === undefined ? {} : { role }),
  };
}

function checkRole(fields: Fields, role: string | undefined, kind: Kind): void {
  const fix = "write the ARN of a role, such as arn:aws:iam::123456789012:role/certwright-dns";
  if (role !== undefined && !roleSyntax.test(role)) {
    fields.fault("role", invalidValue(quote(role), "must be the ARN of an IAM role"), fix);
  }
  if (kind === "Issuer" && !fields.isSet("role")) {
    const message = requiredValue("an Issuer may not use the installation's own credentials");
    fields.fault("role", message, `${fix}, or use a ClusterIssuer`);
  }
}

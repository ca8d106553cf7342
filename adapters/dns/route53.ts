import type { DnsAdapter } from "../../core/dns-adapter.ts";
import { route53Permissions } from "./route53/permissions.ts";
import { type Route53Solver, route53Solver } from "./route53/solver.ts";

/** TXT records in public hosted zones, with a role of the issuer's or the installation's own rights. */
export const route53: DnsAdapter<Route53Solver> = {
  solver: route53Solver,
  knowsPropagation: true,
  permissions: route53Permissions,
  create: async (config, access) => (await import("./route53/records.ts")).openRoute53(config, access),
};

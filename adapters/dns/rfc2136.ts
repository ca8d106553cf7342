import type { DnsAdapter } from "../../core/dns-adapter.ts";
import { type Rfc2136Solver, rfc2136Solver } from "./rfc2136/solver.ts";

/** TXT records by DNS UPDATE (RFC 2136), signed with TSIG (RFC 8945), at one name server that takes updates of its zones. */
export const rfc2136: DnsAdapter<Rfc2136Solver> = {
  solver: rfc2136Solver,
  permissions: () => ({ publish: [], settled: [], cleanUp: [] }),
  readsSecrets: true,
  create: async (config, access) => (await import("./rfc2136/records.ts")).openRfc2136(config, access),
};

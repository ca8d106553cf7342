import type { DnsAdapter } from "../../core/dns-adapter.ts";
import { type AcmeDnsSolver, acmeDnsSolver } from "./acme-dns/solver.ts";

/** TXT values at an acme-dns server (https://github.com/joohoi/acme-dns), to which `_acme-challenge` names are delegated by CNAME. */
export const acmeDNS: DnsAdapter<AcmeDnsSolver> = {
  solver: acmeDnsSolver,
  permissions: () => ({ publish: [], settled: [], cleanUp: [] }),
  readsSecrets: true,
  create: async (config, access) => (await import("./acme-dns/records.ts")).openAcmeDns(config, access),
};

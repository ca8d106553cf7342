import type { DnsAdapter } from "../../core/dns-adapter.ts";
import { type AzureDnsSolver, azureDnsSolver } from "./azure-dns/solver.ts";

/** TXT records in public Azure DNS zones (https://learn.microsoft.com/rest/api/dns/), as a service principal. */
export const azureDNS: DnsAdapter<AzureDnsSolver> = {
  solver: azureDnsSolver,
  permissions: () => ({ publish: [], settled: [], cleanUp: [] }),
  readsSecrets: true,
  create: async (config, access) => (await import("./azure-dns/records.ts")).openAzureDns(config, access),
};

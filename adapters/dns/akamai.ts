import type { DnsAdapter } from "../../core/dns-adapter.ts";
import { invalidValue, quote, requiredValue } from "../../core/field-fault.ts";
import type { Fields } from "../../core/field-reader.ts";
import { readSecretRef, type SecretRef } from "../../core/secret-ref.ts";

/** cert-manager's `dns01.akamai`: an API client of Akamai, as its `.edgerc` file names it. */
export interface AkamaiSolver {
  /** The client's own host. */
  serviceConsumerDomain: string;
  clientTokenSecretRef: SecretRef;
  clientSecretSecretRef: SecretRef;
  accessTokenSecretRef: SecretRef;
}

/** TXT records in Akamai Edge DNS (https://techdocs.akamai.com/edge-dns/reference/edge-dns-api), by change lists. */
export const akamai: DnsAdapter<AkamaiSolver> = {
  solver: {
    table: {
      serviceConsumerDomain: "read",
      clientTokenSecretRef: "read",
      clientSecretSecretRef: "read",
      accessTokenSecretRef: "read",
    },
    read,
  },
  permissions: () => ({ publish: [], settled: [], cleanUp: [] }),
  readsSecrets: true,
  create: async (config, access) => (await import("./akamai/records.ts")).openAkamai(config, access),
};

/** Akamai gives every API client a host of its own below this domain; nothing else is called in somebody's name. */
const hostSyntax = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.){1,3}akamaiapis\.net$/;

function read(fields: Fields): AkamaiSolver {
  const host = fields.text("serviceConsumerDomain");
  const fix = "write the host of the API client, such as akab-abc123.luna.akamaiapis.net, without https://";
  if (!fields.isSet("serviceConsumerDomain")) {
    fields.fault("serviceConsumerDomain", requiredValue("the host of the API client"), fix);
  }
  if (host !== undefined && !hostSyntax.test(host)) {
    fields.fault("serviceConsumerDomain", invalidValue(quote(host), "must be a host of akamaiapis.net"), fix);
  }
  const wanted = { name: "secret name is required", key: "secret key is required" };
  return {
    serviceConsumerDomain: host ?? "",
    clientTokenSecretRef: readSecretRef(fields, "clientTokenSecretRef", wanted),
    clientSecretSecretRef: readSecretRef(fields, "clientSecretSecretRef", wanted),
    accessTokenSecretRef: readSecretRef(fields, "accessTokenSecretRef", wanted),
  };
}

/** The DNS providers, each under the name that an issuer's solver calls it by: the module is the registry. */
export { acmeDNS } from "./acme-dns.ts";
export { akamai } from "./akamai.ts";
export { azureDNS } from "./azure-dns.ts";
export { cloudDNS } from "./cloud-dns.ts";
export { cloudflare } from "./cloudflare.ts";
export { digitalocean } from "./digitalocean.ts";
export { lambda } from "./lambda.ts";
export { rfc2136 } from "./rfc2136.ts";
export { route53 } from "./route53.ts";

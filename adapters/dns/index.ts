import { route53Permissions } from "./route53/permissions.ts";

/** The DNS providers by the name of their solver in an issuer; each is loaded when it is used. */
export const dnsProviders = {
  route53: async () => (await import("./route53.ts")).route53,
};

/** What each provider needs allowed, without loading its SDK: for cdk. */
export const dnsPermissions = { route53: route53Permissions };

export type DnsProviderName = keyof typeof dnsProviders;

/** Whether an issuer's solver names a provider we have. */
export function isDnsProvider(name: string): name is DnsProviderName {
  return Object.hasOwn(dnsProviders, name);
}

/** The provider's config schema, permissions and create(config, deps). */
export function loadDnsProvider<Name extends DnsProviderName>(name: Name): ReturnType<(typeof dnsProviders)[Name]> {
  return dnsProviders[name]() as ReturnType<(typeof dnsProviders)[Name]>;
}

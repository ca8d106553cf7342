import * as dnsAdapters from "../../adapters/dns/index.ts";
import { secretText } from "../../core/account-key.ts";
import type { Deps } from "../../core/deps.ts";
import type { DnsAccess, DnsAdapters } from "../../core/dns-adapter.ts";
import type { DnsLookup } from "../../core/dns-lookup.ts";
import { RefusedError } from "../../core/errors.ts";
import { acmeOf } from "../../core/issuer.ts";
import type { Clock, DnsProvider } from "../../core/ports.ts";
import { idOf } from "../../core/resource.ts";
import type { IssuerRow } from "../../core/rows.ts";
import type { ClientConfig, OpenStore } from "./deps.ts";
import { withRole } from "./role.ts";

/** How long a warm function uses a stored credential without reading it again. */
const secretLifeMs = 5 * 60_000;

interface World {
  instance: string;
  client: ClientConfig;
  clock: Clock;
  store: OpenStore;
  allowedPrivateHosts: readonly string[];
  validationZones: readonly string[];
  lookup: DnsLookup;
}

/** DNS providers by issuer and solver; kept while the function is warm, so that zones are listed once. */
export function dnsProviders(world: World, adapters: DnsAdapters = dnsAdapters): Pick<Deps, "dns" | "dnsAdapters"> {
  const open = new Map<string, { provider: Promise<DnsProvider>; until: number }>();
  return {
    dnsAdapters: adapters,
    dns: async (issuer, solver) => {
      const id = `${idOf(issuer.key)}#${issuer.generation}#${solver}`;
      const now = world.clock.now().getTime();
      const known = open.get(id);
      if (known && known.until > now) return known.provider;
      const { adapter, config } = solverOf(issuer, solver, adapters);
      const provider = adapter.create(config, accessOf(issuer, world));
      open.set(id, { provider, until: adapter.readsSecrets ? now + secretLifeMs : Number.POSITIVE_INFINITY });
      provider.catch(() => open.delete(id));
      return provider;
    },
  };
}

function solverOf(issuer: IssuerRow, index: number, adapters: DnsAdapters) {
  const solver = acmeOf(issuer).solvers[index];
  const [name = "", config] = Object.entries(solver?.dns01 ?? {})[0] ?? [];
  const adapter = Object.hasOwn(adapters, name) ? adapters[name] : undefined;
  if (!adapter) throw new RangeError(`${idOf(issuer.key)} has no solver number ${index}`);
  return { adapter, config };
}

function accessOf({ key }: IssuerRow, { instance, client, clock, store, ...lent }: World): DnsAccess {
  const { allowedPrivateHosts, validationZones, lookup } = lent;
  return {
    clock,
    fetch,
    allowedPrivateHosts,
    validationZones,
    lookup,
    secret: (ref) => secretText({ instance, store }, key, ref),
    aws: async (role) => {
      if (role !== undefined) return withRole(client, clock, role, `${instance}/${key.namespace}`);
      if (key.kind === "Issuer") throw ambient(idOf(key));
      return client;
    },
  };
}

/** Only cluster-scoped issuers may use the installation's own credentials (design 5). */
function ambient(issuer: string): RefusedError {
  return new RefusedError({
    reason: "RoleMissing",
    message: `${issuer} names no role`,
    fix: "set role in its solver: only a ClusterIssuer may use the installation's own rights",
  });
}

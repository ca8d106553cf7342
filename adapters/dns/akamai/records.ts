import type { DnsAccess } from "../../../core/dns-adapter.ts";
import { RefusedError } from "../../../core/errors.ts";
import type { DnsProvider } from "../../../core/ports.ts";
import type { AkamaiSolver } from "../akamai.ts";
import { byName } from "../by-name.ts";
import { credentialIn } from "../json-api.ts";
import { type AkamaiDeps, listZones } from "./change-list.ts";
import { changeZone } from "./changes.ts";

/** As long as cert-manager waits for every provider. */
const settlingMs = 60_000;

/** Reads the API client's credentials. */
export async function openAkamai(
  solver: AkamaiSolver,
  { secret, fetch, clock }: Pick<DnsAccess, "secret" | "fetch" | "clock">,
): Promise<DnsProvider> {
  const read = async (field: "clientTokenSecretRef" | "clientSecretSecretRef" | "accessTokenSecretRef") =>
    credentialIn(await secret(solver[field]), field);
  const client = {
    clientToken: await read("clientTokenSecretRef"),
    clientSecret: await read("clientSecretSecretRef"),
    accessToken: await read("accessTokenSecretRef"),
  };
  const deps: AkamaiDeps = { host: solver.serviceConsumerDomain, client, fetch, clock };
  return {
    ...byName({
      zones: () => listZones(deps),
      change: (verb, { name: zone }, wishes) => {
        const change = `${zone}@${clock.now().getTime() + settlingMs}`;
        return changeZone({ deps, verb, zone, change }, wishes);
      },
      noZone,
      ambiguous: ([zone]) => noZone(zone?.name ?? ""),
    }),
    settled: async (changes) => {
      const now = clock.now().getTime();
      return new Map(changes.map((change) => [change, !(Number(change.split("@")[1]) > now)]));
    },
  };
}

function noZone(name: string): RefusedError {
  return new RefusedError({
    reason: "HostedZoneNotFound",
    message: `No primary zone that this Akamai API client may change holds ${name}.`,
    fix: "Create the zone in Edge DNS, let the API client change it, or use another solver.",
  });
}

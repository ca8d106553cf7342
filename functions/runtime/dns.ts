import { loadDnsProvider } from "../../adapters/dns/index.ts";
import type { Deps } from "../../core/deps.ts";
import { RefusedError } from "../../core/errors.ts";
import type { IssuerSpec } from "../../core/issuer.ts";
import type { Clock, DnsProvider } from "../../core/ports.ts";
import { idOf } from "../../core/resource.ts";
import type { IssuerRow } from "../../core/rows.ts";
import type { ClientConfig } from "./deps.ts";
import type { Environment } from "./environment.ts";

/** DNS providers by issuer and solver; kept while the function is warm, so that zones are listed once. */
export function dnsProviders(environment: Environment, client: ClientConfig, clock: Clock): Pick<Deps, "dns"> {
  const open = new Map<string, Promise<DnsProvider>>();
  return {
    dns: (issuer, solver) => {
      const id = `${idOf(issuer.key)}#${issuer.generation}#${solver}`;
      const known = open.get(id) ?? openProvider(environment, client, clock, issuer, solver);
      open.set(id, known);
      known.catch(() => open.delete(id));
      return known;
    },
  };
}

async function openProvider(
  { instance }: Environment,
  client: ClientConfig,
  clock: Clock,
  issuer: IssuerRow,
  index: number,
): Promise<DnsProvider> {
  const solver = (issuer.spec as IssuerSpec | undefined)?.acme.solvers[index];
  if (!solver) throw new RangeError(`${idOf(issuer.key)} has no solver number ${index}`);
  const { region, hostedZoneID, role } = solver.dns01.route53;
  if (issuer.key.kind === "Issuer" && role === undefined) throw ambient(issuer);
  const [provider, { Route53Client }] = await Promise.all([
    loadDnsProvider("route53"),
    import("@aws-sdk/client-route-53"),
  ]);
  const credentials =
    role === undefined ? {} : { credentials: await roleOf(client, clock, role, `${instance}/${issuer.key.namespace}`) };
  const route53 = new Route53Client({ ...client, ...credentials, ...(region === undefined ? {} : { region }) });
  const config = {
    ...(region === undefined ? {} : { region }),
    ...(hostedZoneID === undefined ? {} : { hostedZoneID }),
  };
  return provider.create(config, { client: route53, clock });
}

async function roleOf(client: ClientConfig, clock: Clock, roleArn: string, externalId: string) {
  const [{ STSClient }, { assumedCredentials }] = await Promise.all([
    import("@aws-sdk/client-sts"),
    import("../../adapters/aws/assume-role.ts"),
  ]);
  return assumedCredentials({
    roleArn,
    externalId,
    sessionName: "certwright",
    stsClient: new STSClient(client),
    clock,
  });
}

/** Only cluster-scoped issuers may use the installation's own credentials (design 5). */
function ambient(issuer: IssuerRow): RefusedError {
  return new RefusedError({
    reason: "RoleMissing",
    message: `${idOf(issuer.key)} names no role for Route 53`,
    fix: "set role in its route53 solver: only a ClusterIssuer may use the installation's own rights",
  });
}

import { issuers, renewalInfo } from "../../adapters/issuers/index.ts";
import { keyInSecret } from "../../core/account-key.ts";
import type { AcmeIssuer } from "../../core/acme-port.ts";
import { type Deps, storedName } from "../../core/deps.ts";
import { RefusedError } from "../../core/errors.ts";
import { type AcmeSpec, acmeOf } from "../../core/issuer.ts";
import type { Clock } from "../../core/ports.ts";
import { idOf } from "../../core/resource.ts";
import type { IssuerRow } from "../../core/rows.ts";
import type { OpenStore } from "./deps.ts";
import type { Environment } from "./environment.ts";

/** How long a warm function uses an account key without reading it again. */
const keyLifeMs = 5 * 60_000;

interface World {
  clock: Clock;
  userAgent: string;
  store: OpenStore;
}

/** Opens ACME clients: with the account for the steps, without one for check-issuer. */
export function acmeIssuers(
  environment: Environment,
  world: World,
): Pick<Deps, "acme" | "acmeRegistrar" | "renewalInfo"> {
  const { clock, userAgent } = world;
  const { allowedPrivateHosts } = environment;
  const accountKey = accountKeys(environment, world);
  const open = async (
    spec: AcmeSpec,
    account: { accountKeyPem: string; accountUrl?: string; directory?: Record<string, unknown> },
  ): Promise<AcmeIssuer> => {
    const { acme } = await issuers.acme();
    const { server, caBundle, skipTLSVerify } = spec;
    return acme.create({ server, caBundle, skipTLSVerify }, { ...account, clock, allowedPrivateHosts, userAgent });
  };
  return {
    renewalInfo: async (issuer) => {
      const url = issuer.acme?.directory.renewalInfo;
      if (typeof url !== "string") throw notReady(issuer);
      const { server, caBundle, skipTLSVerify } = acmeOf(issuer);
      const door = (await renewalInfo.acme()).renewalInfo;
      return door.create({ server, url, caBundle, skipTLSVerify }, { clock, allowedPrivateHosts, userAgent });
    },
    acmeRegistrar: (request) => open(acmeOf(request), { accountKeyPem: request.accountKeyPem }),
    acme: async (issuer) => {
      if (!issuer.acme) throw notReady(issuer);
      const spec = acmeOf(issuer);
      const { accountUrl, directory } = issuer.acme;
      return open(spec, { accountKeyPem: await accountKey(issuer, spec), accountUrl, directory });
    },
  };
}

/** The account's key, read from its stored secret; kept in memory for some minutes, never elsewhere. */
function accountKeys(
  { instance }: Environment,
  { clock, store }: World,
): (issuer: IssuerRow, spec: AcmeSpec) => Promise<string> {
  const known = new Map<string, { pem: string; until: number }>();
  return async ({ key, acme }, spec) => {
    const { name: secretName, key: field } = spec.privateKeySecretRef;
    const name = storedName(instance, key.namespace, secretName);
    // The secret may hold the key of another account by now.
    const id = `${name}#${acme?.keyThumbprint}`;
    const now = clock.now().getTime();
    const cached = known.get(id);
    if (cached && cached.until > now) return cached.pem;
    const secret = await (await store("secretsManager")).read(name);
    if (!secret) throw keyGone(name, idOf(key));
    const pem = keyInSecret(secret.value, name, field, acme?.keyThumbprint);
    known.set(id, { pem, until: now + keyLifeMs });
    return pem;
  };
}

function notReady(issuer: IssuerRow): RefusedError {
  return new RefusedError({
    reason: "IssuerNotReady",
    message: `${issuer.key ? idOf(issuer.key) : "the issuer"} has no account`,
    fix: "see the issuer's status",
  });
}

function keyGone(name: string, issuer: string): RefusedError {
  return new RefusedError({
    reason: "AccountUnknown",
    message: `the account key of ${issuer} is gone: secret "${name}" does not exist`,
    fix: "restore the secret; the issuer's status says more",
  });
}

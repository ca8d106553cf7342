import { accountKeyOf, keyLost, secretText, thumbprintOf } from "./account-key.ts";
import type { AcmeIssuer } from "./acme-port.ts";
import type { Deps } from "./deps.ts";
import { RefusedError } from "./errors.ts";
import { acmeOf, type IssuerSpec } from "./issuer.ts";
import { idOf, type Resource, type ResourceKey } from "./resource.ts";
import type { AcmeAccount } from "./rows.ts";

/** The account of this key at the CA: found or made. A known account whose key is gone is never replaced by a new one. */
export async function registeredAccount(
  deps: Deps,
  issuer: Resource<IssuerSpec>,
  known: AcmeAccount | undefined,
): Promise<AcmeAccount> {
  const acme = acmeOf(issuer);
  const { name: keySecretName } = acme.privateKeySecretRef;
  // Another server or secret is the wish for another account.
  const same = known?.server === acme.server && known.keySecretName === keySecretName ? known : undefined;
  const accountKeyPem = await accountKeyOf(deps, issuer, same);
  const keyThumbprint = thumbprintOf(accountKeyPem);
  const client = await deps.acmeRegistrar({ key: issuer.key, spec: issuer.spec, accountKeyPem });
  const directory = await client.directory();
  const mine = same?.keyThumbprint === keyThumbprint ? same : undefined;
  const found = same && (await client.registerAccount({ onlyReturnExisting: true }));
  if (same && !mine && !found) throw keyLost(same, "its secret holds a key of which the CA has no account");
  const registered = found ?? (await register(deps, issuer, client));
  if (mine && mine.accountUrl !== registered.accountUrl)
    await tellReplaced(deps, issuer.key, mine.accountUrl, registered);
  if (mine && acme.email !== mine.lastRegisteredEmail) await client.updateContact(acme.email);
  return {
    server: acme.server,
    accountUrl: registered.accountUrl,
    directory,
    keyThumbprint,
    keySecretName,
    ...(acme.email === undefined ? {} : { lastRegisteredEmail: acme.email }),
  };
}

async function register(deps: Deps, issuer: Resource<IssuerSpec>, client: AcmeIssuer): Promise<{ accountUrl: string }> {
  const { email, externalAccountBinding: binding } = acmeOf(issuer);
  const registered = await client.registerAccount({
    ...(email === undefined ? {} : { email }),
    ...(binding === undefined
      ? {}
      : {
          externalAccount: { keyId: binding.keyId, hmacKey: await secretText(deps, issuer.key, binding.keySecretRef) },
        }),
  });
  if (registered) return registered;
  throw new RefusedError({ reason: "ErrRegisterACMEAccount", message: "the CA gave no account URL" });
}

/** The CA has forgotten the account: limits and authorizations that it kept for it are gone, and somebody should know why. */
async function tellReplaced(deps: Deps, key: ResourceKey, known: string, made: { accountUrl: string }): Promise<void> {
  const message = `the CA does not know the account ${known} any more; ${made.accountUrl} was registered with the same key`;
  const event = {
    key,
    at: deps.clock.now().getTime(),
    type: "Warning",
    reason: "AccountRegisteredAgain",
    message,
  } as const;
  deps.log({ event: "account-registered-again", issuer: idOf(key), message });
  await deps.state
    .addEvent(event)
    .catch((error) => deps.log({ event: "untold", issuer: idOf(key), error: String(error) }));
}

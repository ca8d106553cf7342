import { keyLost, type StoredKey, secretText, thumbprintOf } from "./account-key.ts";
import { rollOver, settledKey } from "./account-rollover.ts";
import type { AcmeAccount } from "./account-row.ts";
import type { AcmeIssuer, RegisteredAccount } from "./acme-port.ts";
import type { Deps } from "./deps.ts";
import { isRefusalOf, RefusedError } from "./errors.ts";
import { acmeOf, type IssuerSpec } from "./issuer.ts";
import { idOf, type Resource, type ResourceKey } from "./resource.ts";
import { rfc3339 } from "./status.ts";

/** What became of an issuer's account. */
export interface CheckedAccount {
  account: AcmeAccount;
  /** It cannot be used. */
  closed?: RefusedError;
  /** Why its key is still the old one, though a new one was asked for. */
  notRotated?: unknown;
}

/** How often it begins anew when another check has changed the stored key meanwhile. */
const rounds = 3;

/** The account of this key at the CA: found or made. A known account whose key is gone is never replaced by a new one. */
export async function registeredAccount(
  deps: Deps,
  issuer: Resource<IssuerSpec>,
  known: AcmeAccount | undefined,
): Promise<CheckedAccount> {
  const { server, privateKeySecretRef } = acmeOf(issuer);
  // Another server or secret is the wish for another account.
  const same = known?.server === server && known.keySecretName === privateKeySecretRef.name ? known : undefined;
  if (same?.deactivatedAt !== undefined) return { account: same, closed: deactivated(same) };
  for (let round = 1; ; round += 1) {
    try {
      return await checkedAccount(deps, issuer, same);
    } catch (error) {
      if (!isRefusalOf(error, "StaleSecret") || round === rounds) throw error;
    }
  }
}

async function checkedAccount(
  deps: Deps,
  issuer: Resource<IssuerSpec>,
  same: AcmeAccount | undefined,
): Promise<CheckedAccount> {
  const stored = await settledKey(deps, issuer, same);
  const client = await deps.acmeRegistrar({ key: issuer.key, spec: issuer.spec, accountKeyPem: stored.pem });
  const directory = await client.directory();
  if (same && issuer.spec.options?.deactivateAccount === same.accountUrl) return deactivate(deps, issuer, client, same);
  const registered = await foundOrMade(deps, issuer, { client, stored, same });
  if (!contactStands(issuer, same, registered)) await client.updateContact(acmeOf(issuer).email);
  await tellOfBinding(deps, issuer, same);
  const account = accountOf(issuer, { directory, registered, keyThumbprint: thumbprintOf(stored.pem) });
  return rotated(deps, issuer, { client, stored, same, account });
}

interface Standing {
  client: AcmeIssuer;
  stored: StoredKey;
  same: AcmeAccount | undefined;
}

async function foundOrMade(
  deps: Deps,
  issuer: Resource<IssuerSpec>,
  { client, stored, same }: Standing,
): Promise<RegisteredAccount> {
  const found = same && (await client.registerAccount({ onlyReturnExisting: true }));
  if (found) return found;
  const mine = same?.keyThumbprint === thumbprintOf(stored.pem);
  if (same && !mine) throw keyLost(same, "its secret holds a key of which the CA has no account");
  // Another check may have given the account a new key since we read the old one.
  if (same && (await settledKey(deps, issuer, same)).versionId !== stored.versionId) throw begunAnew();
  const registered = await register(deps, issuer, client);
  if (same && same.accountUrl !== registered.accountUrl)
    await tellReplaced(deps, issuer.key, same.accountUrl, registered);
  return registered;
}

function begunAnew(): RefusedError {
  return new RefusedError({ reason: "StaleSecret", message: "the account's key changed while it was checked" });
}

async function register(deps: Deps, issuer: Resource<IssuerSpec>, client: AcmeIssuer): Promise<RegisteredAccount> {
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

/** What registering does not tell the CA of an account that it has already; asked for once, not at every check. */
function contactStands(
  issuer: Resource<IssuerSpec>,
  same: AcmeAccount | undefined,
  { accountUrl, created }: RegisteredAccount,
): boolean {
  const { email } = acmeOf(issuer);
  const told = same?.accountUrl === accountUrl ? same.lastRegisteredEmail : undefined;
  return created || told === email;
}

function accountOf(
  issuer: Resource<IssuerSpec>,
  made: Pick<AcmeAccount, "directory" | "keyThumbprint"> & { registered: RegisteredAccount },
): AcmeAccount {
  const { server, privateKeySecretRef, email, externalAccountBinding: binding } = acmeOf(issuer);
  const { directory, keyThumbprint, registered } = made;
  return {
    server,
    accountUrl: registered.accountUrl,
    directory,
    keyThumbprint,
    keySecretName: privateKeySecretRef.name,
    ...(email === undefined ? {} : { lastRegisteredEmail: email }),
    ...(binding === undefined ? {} : { bindingKeyId: binding.keyId }),
  };
}

/** A new key where somebody asked for one since the last time, or where a change of keys is still under way. */
async function rotated(
  deps: Deps,
  issuer: Resource<IssuerSpec>,
  { client, stored, same, account }: Standing & { account: AcmeAccount },
): Promise<CheckedAccount> {
  const asked = issuer.spec.options?.rotateAccountKeyRequestedAt;
  const acted = { ...account, ...(asked === undefined ? {} : { keyRotationRequestedAt: asked }) };
  // The key of a new account is new.
  const wanted = same !== undefined && asked !== undefined && asked !== same.keyRotationRequestedAt;
  const moved = same !== undefined && same.keyThumbprint !== account.keyThumbprint;
  if (stored.nextPem === undefined && (!wanted || moved)) return { account: acted };
  try {
    const { pem } = await rollOver(deps, issuer, { client, accountUrl: account.accountUrl, stored });
    const keyThumbprint = thumbprintOf(pem);
    const message = `the account ${account.accountUrl} has a new key, of the thumbprint ${keyThumbprint}`;
    await tell(deps, issuer.key, { type: "Normal", reason: "AccountKeyRotated", message });
    return { account: { ...acted, keyThumbprint } };
  } catch (error) {
    if (isRefusalOf(error, "StaleSecret")) throw error;
    const before = same?.keyRotationRequestedAt;
    return {
      account: { ...account, ...(before === undefined ? {} : { keyRotationRequestedAt: before }) },
      notRotated: error,
    };
  }
}

/** Closes the account at the CA; one that is closed there already is closed. */
async function deactivate(
  deps: Deps,
  issuer: Resource<IssuerSpec>,
  client: AcmeIssuer,
  same: AcmeAccount,
): Promise<CheckedAccount> {
  try {
    const found = await client.registerAccount({ onlyReturnExisting: true });
    if (found && found.accountUrl !== same.accountUrl)
      throw keyLost(same, `its secret holds the key of ${found.accountUrl}`);
    if (found) await client.deactivateAccount();
  } catch (error) {
    if (!isRefusalOf(error, "AccountClosed")) throw error;
  }
  const account = { ...same, deactivatedAt: rfc3339(deps.clock.now()) };
  const closed = deactivated(account);
  await tell(deps, issuer.key, { type: "Warning", reason: closed.reason, message: closed.message });
  return { account, closed };
}

function deactivated({ accountUrl, deactivatedAt }: AcmeAccount): RefusedError {
  return new RefusedError({
    reason: "AccountDeactivated",
    message: `the account ${accountUrl} was deactivated at ${deactivatedAt}, as asked for; the CA serves it never again`,
    fix: "for a new account on purpose, name another privateKeySecretRef",
  });
}

/** RFC 8555 7.3.4 knows a binding only when an account is made, and no CA binds one anew. */
async function tellOfBinding(deps: Deps, issuer: Resource<IssuerSpec>, same: AcmeAccount | undefined): Promise<void> {
  const keyId = acmeOf(issuer).externalAccountBinding?.keyId;
  if (!same || keyId === undefined || same.bindingKeyId === undefined || keyId === same.bindingKeyId) return;
  const message = `the account ${same.accountUrl} stays bound as it is; "${keyId}" is used when an account is registered. For a new account now, name another privateKeySecretRef`;
  await tell(deps, issuer.key, { type: "Normal", reason: "ExternalAccountBindingChanged", message });
}

/** The CA has forgotten the account: limits and authorizations that it kept for it are gone, and somebody should know why. */
async function tellReplaced(deps: Deps, key: ResourceKey, known: string, made: { accountUrl: string }): Promise<void> {
  const message = `the CA does not know the account ${known} any more; ${made.accountUrl} was registered with the same key`;
  deps.log({ event: "account-registered-again", issuer: idOf(key), message });
  await tell(deps, key, { type: "Warning", reason: "AccountRegisteredAgain", message });
}

/** Best effort: the row is the truth. */
async function tell(
  deps: Deps,
  key: ResourceKey,
  said: { type: "Normal" | "Warning"; reason: string; message: string },
): Promise<void> {
  await deps.state
    .addEvent({ key, at: deps.clock.now().getTime(), ...said })
    .catch((error) => deps.log({ event: "untold", issuer: idOf(key), error: String(error) }));
}

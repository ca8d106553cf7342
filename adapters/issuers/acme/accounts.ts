import type { AccountRequest, AcmeIssuer, RegisteredAccount } from "../../../core/acme-port.ts";
import { isNamed, RefusedError } from "../../../core/errors.ts";
import { accountSchema, badReply, parseReply } from "./replies.ts";
import type { Session } from "./session.ts";

/** The account (RFC 8555 7.3). */
export function acmeAccounts(
  session: Session,
): Pick<AcmeIssuer, "registerAccount" | "updateContact" | "changeKey" | "deactivateAccount"> {
  return {
    registerAccount: (request) => register(session, request),
    async updateContact(email) {
      await session.post(session.accountUrl ?? "", { contact: contactOf(email) }, "account");
    },
    async changeKey(newKeyPem) {
      const { keyChange } = await session.directory();
      if (keyChange === undefined) throw keyChangeMissing();
      await session.post(keyChange, session.signedByNewKey(keyChange, newKeyPem), "keyChange");
    },
    async deactivateAccount() {
      await session.post(session.accountUrl ?? "", { status: "deactivated" }, "account");
    },
  };
}

function keyChangeMissing(): RefusedError {
  return new RefusedError({
    reason: "KeyChangeRefused",
    message: "The CA's directory has no keyChange: it changes no account keys.",
    fix: "Name another secret in spec.acme.privateKeySecretRef: a new account with a new key is then registered.",
  });
}

async function register(session: Session, request: AccountRequest): Promise<RegisteredAccount | undefined> {
  const { newAccount } = await session.directory();
  const existing = request.onlyReturnExisting === true;
  try {
    const payload = existing
      ? { onlyReturnExisting: true }
      : { termsOfServiceAgreed: true, contact: contactOf(request.email) };
    const reply = await session.postAsNobody(newAccount, payload, existing ? undefined : bindingOf(request));
    const { status } = parseReply(accountSchema, reply.data, "the account");
    if (status !== "valid") throw closed(`The account of this key is ${status.slice(0, 40)} at the CA.`);
    const accountUrl = reply.headers.location;
    if (accountUrl === undefined) throw badReply("the account: no Location");
    session.accountUrl = accountUrl;
    return { accountUrl, created: reply.status === 201 };
  } catch (error) {
    const reason = existing && isNamed(error) ? error.reason : undefined;
    if (reason === "AccountUnknown") return undefined;
    // No binding was sent that could be wrong: Boulder and Pebble say so of a key whose account is deactivated.
    if (reason === "AccountRefused") throw closed((error as Error).message);
    throw error;
  }
}

function contactOf(email: string | undefined): string[] {
  return email ? [`mailto:${email}`] : [];
}

/** acme-client would leave an empty key out without a word. */
function bindingOf({ externalAccount }: AccountRequest): AccountRequest["externalAccount"] {
  if (!externalAccount) return undefined;
  const hmacKey = externalAccount.hmacKey.trim();
  if (/^[A-Za-z0-9+/_-]+=*$/.test(hmacKey)) return { ...externalAccount, hmacKey };
  throw new RefusedError({
    reason: "ExternalAccountKeyInvalid",
    message: "The MAC key of the external account binding is empty or not base64url.",
    fix: "Put the key exactly as the CA gave it into the secret that spec.acme.externalAccountBinding.keySecretRef names.",
  });
}

function closed(message: string): RefusedError {
  return new RefusedError({
    reason: "AccountClosed",
    message,
    fix: "Name another secret in spec.acme.privateKeySecretRef: a new account is then registered.",
  });
}

import * as z from "zod/mini";
import { RefusedError } from "../../../core/errors.ts";
import { credentialIn } from "../json-api.ts";

/** What `/register` answered, as much as is needed. */
export interface AcmeDnsAccount {
  username: string;
  password: string;
  /** The label that the server writes to. */
  subdomain: string;
  /** The name that `_acme-challenge.<domain>` is a CNAME for. */
  fulldomain: string;
}

const account = z.object({
  username: z.string(),
  password: z.string(),
  subdomain: z.string(),
  fulldomain: z.string(),
});
const accounts = z.record(z.string(), account);

/** The accounts of the stored JSON, by domain in lower case. Throws RefusedError AcmeDnsAccountsInvalid; no value is shown. */
export function accountsIn(text: string): Map<string, AcmeDnsAccount> {
  const parsed = accounts.safeParse(jsonOf(text));
  if (!parsed.success) {
    throw new RefusedError({
      reason: "AcmeDnsAccountsInvalid",
      message: "the secret that accountSecretRef names holds no accounts of acme-dns",
      fix: 'store {"example.com": ANSWER} with the whole answer of the server\'s /register, as cert-manager has it',
    });
  }
  const read = Object.entries(parsed.data).map(([domain, { username, password, subdomain, fulldomain }]) => {
    const credentials = {
      username: credentialIn(username, "accountSecretRef"),
      password: credentialIn(password, "accountSecretRef"),
    };
    return [bare(domain), { ...credentials, subdomain, fulldomain: bare(fulldomain) }] as const;
  });
  return new Map(read);
}

/** The account for a record: by its domain, or by the name its CNAME leads to. */
export function accountFor(accounts: Map<string, AcmeDnsAccount>, name: string): AcmeDnsAccount | undefined {
  const byDomain = accounts.get(name.replace(/^_acme-challenge\./, ""));
  return byDomain ?? [...accounts.values()].find(({ fulldomain }) => fulldomain === name);
}

function bare(name: string): string {
  return name.trim().toLowerCase().replace(/\.$/, "");
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

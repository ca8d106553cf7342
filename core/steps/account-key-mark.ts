import type { ChallengesItem } from "../rows.ts";
import type { Work } from "./work.ts";

/** Enough to tell the few keys of one account apart, and short: the item is written for every order. */
const markLength = 8;

/** Of which account key challenges are that are made now. */
export function accountKeyMark({ issuer }: Pick<Work, "issuer">): Pick<ChallengesItem, "accountKey"> {
  const { keyThumbprint } = issuer.acme ?? {};
  return keyThumbprint === undefined ? {} : { accountKey: keyThumbprint.slice(0, markLength) };
}

/** Whether challenges were made with the key that the account has now; older items do not say, and are. */
export function areOfAccountKey(work: Pick<Work, "issuer">, { accountKey }: ChallengesItem): boolean {
  return accountKey === undefined || accountKey === accountKeyMark(work).accountKey;
}

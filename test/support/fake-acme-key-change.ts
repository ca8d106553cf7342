import type { Account, TestCa } from "./acme-ca-state.ts";
import { raise } from "./acme-ca-state.ts";
import { parseInnerJws } from "./jws.ts";
import { thumbprintOfJwk } from "./thumbprint.ts";

/** A key change at the fake server (RFC 8555 7.3.5); `keys`: of its accounts, by URL. */
export function keyChange(
  ca: TestCa,
  keys: Map<string, Record<string, unknown>> | undefined,
  account: Account,
  { payload, url }: { payload: unknown; url: string },
): { status: number; body: unknown } {
  const { jwk, thumbprint, inner } = parseInnerJws(payload, url);
  const known = keys?.get(account.url) ?? {};
  if (inner.account !== account.url) raise(400, "malformed", "Inner JWS names another account");
  if (thumbprintOfJwk(inner.oldKey) !== thumbprintOfJwk(known))
    raise(400, "malformed", "Inner JWS has a wrong old key");
  ca.changeKey(account, thumbprint);
  keys?.set(account.url, jwk);
  return { status: 200, body: { status: account.status, contact: account.contact } };
}

import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import * as z from "zod/mini";
import type { DnsAccess } from "../../../core/dns-adapter.ts";
import { RefusedError, UnavailableError } from "../../../core/errors.ts";
import { guardUrl, isPrivateAddress, mayBePrivate } from "../../../core/url-guard.ts";
import { askJson, refusedBy, type Vendor } from "../json-api.ts";
import type { AcmeDnsAccount } from "./accounts.ts";

const vendor: Vendor = {
  name: "The acme-dns server",
  refused: {
    reason: "AcmeDnsRefused",
    fix: "Check the account in the secret that accountSecretRef names, and that its allowfrom lets this installation in.",
  },
  unavailable: { reason: "AcmeDnsUnavailable" },
  limited: { reason: "AcmeDnsRateLimited" },
};
const failure = z.object({ error: z.string() });

export interface ServerDeps extends Pick<DnsAccess, "fetch" | "clock"> {
  /** The server's URL. */
  host: string;
  /** Hosts that the operator lets be private. */
  allowedPrivateHosts: readonly string[];
  /** The addresses of a host; tests put their own. */
  addressesOf?: (host: string) => Promise<string[]>;
}

/** Writes a value over the older one of the account's two. */
export async function update(deps: ServerDeps, account: AcmeDnsAccount, value: string): Promise<void> {
  await guard(deps);
  const headers = { "x-api-user": account.username, "x-api-key": account.password };
  const body = { subdomain: account.subdomain, txt: value };
  const answer = await askJson(vendor, deps, { method: "POST", url: `${deps.host}/update`, headers, body });
  if (answer.ok) return;
  const words = failure.safeParse(answer.body).data?.error ?? "";
  throw refusedBy(vendor, answer, "POST /update", words);
}

/**
 * The server's URL is a user's: it must not lead into the installation's own network. A name that is rebound between this and
 * the call meets a server there that has no certificate for it, so nothing is sent.
 */
async function guard({ host, allowedPrivateHosts, addressesOf = resolved }: ServerDeps): Promise<void> {
  const guarded = guardUrl(host, { allowedPrivateHosts });
  if ("problem" in guarded) throw forbidden(guarded.problem);
  const { url } = guarded;
  if (mayBePrivate(url, allowedPrivateHosts)) return;
  const name = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = isIP(name) ? [name] : await addressesOf(name);
  if (addresses.some(isPrivateAddress)) throw forbidden("leads to a private address");
}

async function resolved(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (cause) {
    const message = "The host name of the acme-dns server cannot be resolved";
    throw new UnavailableError({ ...vendor.unavailable, message, cause });
  }
}

function forbidden(problem: string): RefusedError {
  return new RefusedError({
    reason: "ForbiddenUrl",
    message: `acmeDNS.host ${problem}`,
    fix: "use a public https URL, or let the operator add the host to allowedPrivateHosts",
  });
}

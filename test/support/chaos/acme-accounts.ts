import { expect } from "vitest";
import { openSession } from "../../../adapters/issuers/acme/session.ts";
import type { Manifest } from "../../../local/requests.ts";
import { accountOf } from "../c-issuers.ts";
import type { AcmeFront } from "./acme-front.ts";
import { atOwnCa, type Bed, issuerTells, type OwnCa, rowOf, tells } from "./acme-rows.ts";
import { issuedOnce } from "./issued-once.ts";

/** The name of the stored secret with the account's key, without the instance. */
export function keySecretOf({ metadata }: Manifest): string {
  return `_cluster/${metadata.name}-account`;
}

/** The account's key as it lies in its secret. */
export function storedKey({ stack }: Bed, { metadata }: Manifest): Promise<Record<string, string>> {
  return stack.secret({ namespace: "_cluster", name: `${metadata.name}-account` }) as Promise<Record<string, string>>;
}

/** A session of the account of an issuer, for what nobody but its owner may ask the CA. */
async function sessionOf(bed: Bed, front: AcmeFront, issuer: Manifest) {
  const { accountUrl } = await accountOf(bed.stack, issuer);
  const config = { server: front.directoryUrl, caBundle: front.caCertificate };
  const accountKeyPem = (await storedKey(bed, issuer))["tls.key"] ?? "";
  const clock = { now: () => new Date() };
  const more = { clock, allowedPrivateHosts: ["127.0.0.1"], userAgent: "certwright-test/1" };
  return { accountUrl, session: openSession(config, { accountKeyPem, accountUrl, ...more }) };
}

/** Somebody with the key closes the account (RFC 8555 7.3.6). */
export async function deactivate(bed: Bed, front: AcmeFront, issuer: Manifest): Promise<void> {
  const { accountUrl, session } = await sessionOf(bed, front, issuer);
  await session.post(accountUrl, { status: "deactivated" }, "account");
}

/** Accounts that this CA made. */
export function accountsMade(front: AcmeFront): number {
  return front.count("newAccount", 201);
}

/** The issuer and every Certificate of it say so, and no account is made. */
export async function allTell(
  { bed, front, issuer }: OwnCa,
  wanted: Manifest[],
  { reason, words, accounts }: { reason: string; words: RegExp; accounts: number },
): Promise<string> {
  const next = await issuerTells(bed, issuer, reason, words);
  const why = new RegExp(`ClusterIssuer/${issuer.metadata.name} is not ready: ${reason}: `);
  await Promise.all(wanted.map((manifest) => tells(bed, manifest, "IssuerNotReady", why)));
  expect(accountsMade(front)).toBe(accounts);
  return next;
}

/** A row with an issuer that has its account, and a Certificate that is Ready. */
export function working(
  bed: Bed,
  name: string,
  run: (ca: OwnCa, wanted: Manifest) => Promise<string>,
): () => Promise<string> {
  return atOwnCa(bed, name, async (ca) => {
    const wanted = ca.want();
    await bed.put([ca.issuer, wanted]);
    await issuedOnce(bed, wanted);
    return run(ca, wanted);
  });
}

/** The certificate that works stays, whatever became of the account. */
export async function staysReady(bed: Bed, wanted: Manifest): Promise<void> {
  expect(await rowOf(bed, wanted)).toMatchObject({ ready: { status: "True", reason: "Ready" }, revision: 1 });
}

import { X509Certificate } from "node:crypto";
import { certificatesOf } from "../../core/certificate-identity.ts";
import { type Account, raise, type TestCa } from "./acme-ca-state.ts";
import { thumbprintOf } from "./thumbprint.ts";

/** RFC 8555 7.6, with the rules of Let's Encrypt: its own certificates only, the account that ordered, or the key. */
export function revokeAt(
  ca: TestCa,
  by: { account: Account } | { thumbprint: string },
  { der, reason = 0 }: { der: Uint8Array; reason?: number },
): void {
  const { serialNumber, publicKey } = new X509Certificate(Buffer.from(der));
  const order = [...ca.orders.values()].find(
    ({ certificate }) => certificate && certificatesOf(certificate)[0]?.serialNumber === serialNumber,
  );
  if (!order) raise(404, "malformed", "No such certificate");
  if ("account" in by && by.account.url !== order.account)
    raise(403, "unauthorized", "Not the account that ordered it");
  if (
    "thumbprint" in by &&
    by.thumbprint !== thumbprintOf(publicKey.export({ type: "spki", format: "pem" }).toString())
  )
    raise(403, "unauthorized", "Not its key");
  if (![0, 1, 3, 4, 5].includes(reason)) raise(400, "badRevocationReason", `Reason ${reason} is not taken`);
  if (ca.revoked.has(serialNumber)) raise(400, "alreadyRevoked", "It is revoked already");
  ca.revoked.set(serialNumber, reason);
}

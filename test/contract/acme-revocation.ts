import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { AcmeIssuer, RevokeRequest } from "../../core/acme-port.ts";

type Certified = Required<Omit<RevokeRequest, "reasonCode">>;

/** What revoke (RFC 8555 7.6) must do; `certified` orders a new certificate by the account of `issuer`. */
export function testRevocation(issuer: () => AcmeIssuer, certified: () => Promise<Certified>): void {
  describe("revoke", () => {
    it("is done by the account that ordered it, and again without an error", async () => {
      const { certificateDer } = await certified();
      await issuer().revoke({ certificateDer, reasonCode: 4 });
      await issuer().revoke({ certificateDer, reasonCode: 4 });
    });

    it("is done by the certificate's own key", async () => {
      await issuer().revoke({ ...(await certified()), reasonCode: 1 });
    });

    it("is refused to any other key, and for a reason that is no owner's", async () => {
      const mine = await certified();
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const certificateKeyPem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
      const byAnother = issuer().revoke({ ...mine, certificateKeyPem, reasonCode: 1 });
      await expect(byAnother).rejects.toMatchObject({ name: "RefusedError", endsAttempt: false });
      await expect(issuer().revoke({ ...mine, reasonCode: 7 })).rejects.toMatchObject({ name: "RefusedError" });
    });
  });
}

/** PEM of a key in PKCS#8. */
export function pemOf(pkcs8: Uint8Array): string {
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

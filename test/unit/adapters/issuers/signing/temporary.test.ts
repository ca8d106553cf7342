import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { signTemporary } from "../../../../../adapters/issuers/signing/temporary.ts";
import { newKey, orderOf } from "../../../../contract/signer.ts";

describe("a placeholder", () => {
  it("is for the key of the request, by a CA of cert-manager's name that is another one each time", async () => {
    const key = newKey();
    const order = await orderOf(key.pkcs8);
    const placeholder = new X509Certificate(await signTemporary(order));
    expect(placeholder.checkPrivateKey(key.key)).toBe(true);
    expect(placeholder.subject).toBe("CN=www.example.test");
    expect(placeholder.issuer).toBe("CN=cert-manager.local");
    expect(placeholder.verify(placeholder.publicKey)).toBe(false);
    const other = new X509Certificate(await signTemporary(order));
    expect(other.raw.equals(placeholder.raw)).toBe(false);
  });
});

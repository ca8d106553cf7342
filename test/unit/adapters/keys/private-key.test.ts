import { createPrivateKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { KeyRequest } from "../../../../adapters/keys/private-key.ts";
import { makePrivateKey } from "../../../../adapters/keys/private-key.ts";

describe("makePrivateKey", { timeout: 60_000 }, () => {
  it.each<[KeyRequest, string, object]>([
    [{ algorithm: "RSA" }, "rsa", { modulusLength: 2048, publicExponent: 65537n }],
    [{ algorithm: "RSA", size: 3072 }, "rsa", { modulusLength: 3072, publicExponent: 65537n }],
    [{ algorithm: "ECDSA" }, "ec", { namedCurve: "prime256v1" }],
    [{ algorithm: "ECDSA", size: 384 }, "ec", { namedCurve: "secp384r1" }],
    [{ algorithm: "ECDSA", size: 521 }, "ec", { namedCurve: "secp521r1" }],
    [{ algorithm: "Ed25519", size: 2048 }, "ed25519", {}],
  ])("makes %o as PKCS#8 DER", async (request, type, details) => {
    const key = createPrivateKey({ key: await makePrivateKey(request), format: "der", type: "pkcs8" });
    expect(key.asymmetricKeyType).toBe(type);
    expect(key.asymmetricKeyDetails).toMatchObject(details);
  });

  it.each<[KeyRequest, string]>([
    [{ algorithm: "RSA", size: 1024 }, "RSA keys have 2048 to 8192 bits, not 1024"],
    [{ algorithm: "RSA", size: 16384 }, "RSA keys have 2048 to 8192 bits, not 16384"],
    [{ algorithm: "RSA", size: Number.NaN }, "RSA keys have 2048 to 8192 bits, not NaN"],
    [{ algorithm: "ECDSA", size: 255 }, "ECDSA keys have 256, 384 or 521 bits, not 255"],
  ])("refuses %o", async (request, message) => {
    await expect(makePrivateKey(request)).rejects.toThrow(new RangeError(message));
  });

  it("makes another key each time", async () => {
    const [one, two] = await Promise.all([
      makePrivateKey({ algorithm: "ECDSA" }),
      makePrivateKey({ algorithm: "ECDSA" }),
    ]);
    expect(one.equals(two)).toBe(false);
  });
});

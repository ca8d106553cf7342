import { describe, expect, it } from "vitest";
import { pkcs12Key, purpose } from "../../../../adapters/trust/pkcs12-key.ts";

const base = {
  hash: "sha1" as const,
  password: "sesame",
  salt: Buffer.alloc(8, 0xff),
  iterations: 2_048,
  id: purpose.key,
  length: 24,
};

describe("the key derivation of PKCS#12", () => {
  // Made with OpenSSL 3.0: openssl kdf -keylen 24 -kdfopt digest:SHA1 -kdfopt hexpass:0073... -kdfopt id:1 ... PKCS12KDF
  it.each([
    ["a key longer than the hash", base, "7cd9fd3e2b3be7691a44e3bef0f9ea0fb9b897d4e325d9d1"],
    ["an initialisation vector", { ...base, id: purpose.iv, length: 8 }, "3f5a277f9c21ff82"],
    [
      "a MAC key by SHA-256",
      { ...base, hash: "sha256" as const, id: purpose.mac, length: 32 },
      "fe77df70d400fff50fe21a0cbdaeb19bc1d0063cab2d1a968d5b696e91082ecd",
    ],
    [
      "an empty password",
      { ...base, password: "", length: 40 },
      "acf63745479269274952fb07d32cadfa45c60ad7e1b7e319be14c4d87769e93df3fdfe009ba63f45",
    ],
  ])("makes %s", (_, request, expected) => {
    expect(pkcs12Key(request).toString("hex")).toBe(expected);
  });
});

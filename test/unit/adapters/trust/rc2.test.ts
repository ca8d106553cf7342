import { describe, expect, it } from "vitest";
import { encryptBlock, expand, rc2Cbc } from "../../../../adapters/trust/rc2.ts";

describe("RC2", () => {
  // RFC 2268 5.
  it.each([
    ["0000000000000000", 63, "0000000000000000", "ebb773f993278eff"],
    ["ffffffffffffffff", 64, "ffffffffffffffff", "278b27e42e2f0d49"],
    ["3000000000000000", 64, "1000000000000001", "30649edf9be7d2c2"],
    ["88", 64, "0000000000000000", "61a8a244adacccf0"],
    ["88bca90e90875a", 64, "0000000000000000", "6ccf4308974c267f"],
    ["88bca90e90875a7f0f79c384627bafb2", 64, "0000000000000000", "1a807d272bbe5db1"],
    ["88bca90e90875a7f0f79c384627bafb2", 128, "0000000000000000", "2269552ab0f85ca6"],
    ["88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e", 129, "0000000000000000", "5b78d3a43dfff1f1"],
  ])("the key %s of %d bits makes of %s %s", (key, bits, plain, cipher) => {
    const words = expand(Buffer.from(key, "hex"), bits);
    expect(encryptBlock(Buffer.from(plain, "hex"), words).toString("hex")).toBe(cipher);
  });

  it("chains blocks and pads the last one, a whole one when nothing is left over", () => {
    const key = Buffer.from("88bca90e90", "hex");
    const iv = Buffer.alloc(8, 7);
    const words = expand(key, 40);
    const one = Buffer.from("12345678");
    const first = encryptBlock(Buffer.from(one.map((byte) => byte ^ 7)), words);
    const second = encryptBlock(Buffer.from(first.map((byte) => byte ^ 8)), words);
    expect(rc2Cbc(one, key, iv).toString("hex")).toBe(Buffer.concat([first, second]).toString("hex"));
    expect(rc2Cbc(Buffer.alloc(0), key, iv)).toHaveLength(8);
    expect(rc2Cbc(Buffer.alloc(15), key, iv)).toHaveLength(16);
  });
});

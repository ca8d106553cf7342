import { describe, expect, it } from "vitest";
import { canonicalIp, cidrBytes, ipBytes } from "../../../core/ip-address.ts";

const hex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString("hex");

describe("an IP address", () => {
  it.each<[string, string | undefined, string | undefined]>([
    ["192.0.2.7", "192.0.2.7", "c0000207"],
    ["0.0.0.0", "0.0.0.0", "00000000"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1", "20010db8000000000000000000000001"],
    ["::", "::", "0".repeat(32)],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", "20010db8000000010001000100010001"],
    ["::ffff:192.0.2.7", "192.0.2.7", "c0000207"],
    ["64:ff9b::192.0.2.7", "64:ff9b::c000:207", "0064ff9b0000000000000000c0000207"],
    ["192.0.2.07", undefined, undefined],
    ["192.0.2", undefined, undefined],
    ["192.0.2.256", undefined, undefined],
    ["fe80::1%eth0", undefined, undefined],
    ["[::1]", undefined, undefined],
    ["1::2::3", undefined, undefined],
    ["www.example.com", undefined, undefined],
    ["", undefined, undefined],
  ])("%s is read as Go reads it", (text, canonical, bytes) => {
    expect(canonicalIp(text)).toBe(canonical);
    expect(hex(ipBytes(text))).toBe(bytes);
  });
});

describe("a range", () => {
  it.each<[string, string | undefined]>([
    ["10.0.0.0/8", "0a000000ff000000"],
    ["10.1.2.3/20", "0a010000fffff000"],
    ["0.0.0.0/0", "0000000000000000"],
    ["192.0.2.7/32", "c0000207ffffffff"],
    ["2001:db8::1/33", `20010db8${"0".repeat(24)}ffffffff80${"0".repeat(22)}`],
    ["10.0.0.0/33", undefined],
    ["10.0.0.0/08", undefined],
    ["10.0.0.0", undefined],
    ["10.0.0.0/8/8", undefined],
    ["::/129", undefined],
  ])("%s is address and mask", (text, bytes) => {
    expect(hex(cidrBytes(text))).toBe(bytes);
  });
});

import { describe, expect, it } from "vitest";
import { guardUrl, isPrivateAddress, mayBePrivate } from "../../../core/url-guard.ts";

const rules = { allowedPrivateHosts: ["ca.internal", "127.0.0.1:14000", "[::1]:15000"] };

describe("guardUrl", () => {
  it.each([
    ["a public name", "https://acme.example.com/directory"],
    ["a public address", "https://93.184.215.14/dir"],
    ["a public IPv6 address", "https://[2606:2800:21f:cb07::1]/dir"],
    ["a listed name on any port", "https://ca.internal:8443/dir"],
    ["a listed name in capitals", "https://CA.Internal/dir"],
    ["a listed address and port", "https://127.0.0.1:14000/dir"],
    ["a listed IPv6 address and port", "https://[::1]:15000/dir"],
  ])("lets %s through", (_, url) => {
    expect(guardUrl(url, rules)).toEqual({ url: new URL(url) });
  });

  it("lets plain http pass where what is fetched is signed, and nothing private by it", () => {
    const guard = (url: string, ...hosts: string[]) =>
      guardUrl(url, { allowedPrivateHosts: hosts, signedContent: true });
    expect(guard("http://crl.example.com/1.crl")).toHaveProperty("url");
    expect(guard("http://127.0.0.1/1.crl")).toEqual({ problem: "leads to a private address" });
    expect(guard("http://127.0.0.1/1.crl", "127.0.0.1:80")).toHaveProperty("url");
    expect(guard("http://127.0.0.1/1.crl", "127.0.0.1:443")).toEqual({ problem: "leads to a private address" });
    expect(guard("ftp://crl.example.com/1.crl")).toEqual({ problem: "is not https" });
  });

  it.each([
    ["no URL", "directory", "is not a URL"],
    ["plain http", "http://acme.example.com/directory", "is not https"],
    ["plain http to a listed host", "http://ca.internal/dir", "is not https"],
    ["a file", "file:///etc/passwd", "is not https"],
    ["credentials", "https://user:pw@acme.example.com/", "carries credentials"],
    ["localhost", "https://localhost:4566/", "leads to this machine itself"],
    ["a name under localhost", "https://x.localhost/", "leads to this machine itself"],
    ["loopback on a port that is not listed", "https://127.0.0.1:9/", "leads to a private address"],
    ["loopback in hexadecimal", "https://0x7f.1/", "leads to a private address"],
    ["loopback as one number", "https://2130706433/", "leads to a private address"],
    ["the metadata service", "https://169.254.169.254/latest", "leads to a private address"],
    ["the metadata service mapped into IPv6", "https://[::ffff:169.254.169.254]/", "leads to a private address"],
    ["the metadata service through NAT64", "https://[64:ff9b::a9fe:a9fe]/", "leads to a private address"],
    ["the metadata service in IPv6", "https://[fd00:ec2::254]/", "leads to a private address"],
  ])("refuses %s", (_, url, problem) => {
    expect(guardUrl(url, rules)).toEqual({ problem });
  });

  it("refuses another origin than the directory's, but not a host the operator listed", () => {
    const sameOriginAs = "https://acme.example.com/directory";
    expect(guardUrl("https://acme.example.com/order/1", { ...rules, sameOriginAs })).toHaveProperty("url");
    expect(guardUrl("https://ca.internal/order/1", { ...rules, sameOriginAs })).toHaveProperty("url");
    for (const url of ["https://acme.example.com:444/o", "https://acme.example.com.evil.test/o"])
      expect(guardUrl(url, { ...rules, sameOriginAs })).toEqual({ problem: "is not on https://acme.example.com" });
  });
});

describe("isPrivateAddress", () => {
  it.each([
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.1.1",
    "172.31.255.255",
    "192.168.0.1",
    "198.19.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::10.0.0.1",
    "fc00::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "not-an-address",
    "1.2.3",
    "1.2.3.999",
    "",
  ])("counts %s as private", (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  it.each([
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.0.1",
    "172.32.0.1",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450::1",
    "::ffff:1.1.1.1",
    "64:ff9b::1.1.1.1",
    "2001:4860::8888",
  ])("counts %s as public", (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });
});

describe("mayBePrivate", () => {
  it("compares host, or host and port with 443 as the default", () => {
    expect(mayBePrivate(new URL("https://a.test/"), ["a.test:443"])).toBe(true);
    expect(mayBePrivate(new URL("https://a.test:1/"), ["a.test:443"])).toBe(false);
    expect(mayBePrivate(new URL("https://sub.a.test/"), ["a.test"])).toBe(false);
  });
});

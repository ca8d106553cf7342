import { describe, expect, it } from "vitest";
import { identifierSetHash, registeredDomain } from "../../../core/names.ts";

describe("registeredDomain counts as Let's Encrypt does", () => {
  it.each([
    ["www.example.com", "example.com"],
    ["*.a.b.example.co.uk", "example.co.uk"],
    ["example.com", "example.com"],
    ["a.b.me.github.io", "me.github.io"],
    ["x.s3.amazonaws.com", "x.s3.amazonaws.com"],
    ["www.xn--85x722f.com.cn", "xn--85x722f.com.cn"],
    ["*.example.test", "example.test"],
    ["www.city.kawasaki.jp", "city.kawasaki.jp"],
    ["a.b.ck", "a.b.ck"],
    ["www.www.ck", "www.ck"],
  ])("%s belongs to %s", (name, domain) => {
    expect(registeredDomain(name)).toBe(domain);
  });

  it.each([["com"], ["github.io"], ["localhost"]])("%s has none above it and stays", (name) => {
    expect(registeredDomain(name)).toBe(name);
  });
});

describe("identifierSetHash", () => {
  it("is the same whatever the order, the case and repeats", () => {
    expect(identifierSetHash(["b.de", "A.de", "a.de"])).toBe(identifierSetHash(["a.de", "b.de"]));
    expect(identifierSetHash(["a.de"])).not.toBe(identifierSetHash(["*.a.de"]));
    expect(identifierSetHash(["a.de"])).toMatch(/^[-_A-Za-z0-9]{43}$/);
  });
});

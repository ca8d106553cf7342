import { describe, expect, it } from "vitest";
import { type Policy, refusedByPolicy } from "../../../core/policy.ts";

const policy: Policy = {
  namespaces: {
    web: { dnsNames: ["*.web.example.com", "www.example.com"] },
    infra: {},
    frozen: { dnsNames: [] },
  },
};

const refused = (namespace: string, ...names: string[]) => refusedByPolicy(policy, namespace, names)?.reason;

describe("a namespace may ask for", () => {
  it.each([
    ["a name of its list", "web", ["www.example.com"]],
    ["a name below its pattern", "web", ["shop.web.example.com"]],
    ["a name far below its pattern", "web", ["a.b.c.web.example.com"]],
    ["the wildcard of its pattern", "web", ["*.web.example.com"]],
    ["a wildcard below its pattern", "web", ["*.shop.web.example.com"]],
    ["anything when the operator named no names", "infra", ["example.org", "*.example.net"]],
  ])("%s", (_what, namespace, names) => {
    expect(refused(namespace, ...names)).toBeUndefined();
  });

  it("anything when the operator named no namespaces", () => {
    expect(refusedByPolicy({}, "anyone", ["example.com"])).toBeUndefined();
  });
});

describe("what is no DNS name", () => {
  const others = (...asked: string[]) => refusedByPolicy(policy, "web", [], asked)?.reason;

  it.each(["192.0.2.7", "https://evil.test/.web.example.com", "root@a.web.example.com", "isCA: true"])(
    "is not covered by patterns of DNS names: %s",
    (other) => {
      expect(others(other)).toBe("NameNotAllowed");
    },
  );

  it("is allowed when it is listed as it is, or when no names are listed", () => {
    const listed: Policy = { namespaces: { web: { dnsNames: ["192.0.2.7", "My CA"] }, infra: {} } };
    expect(refusedByPolicy(listed, "web", [], ["192.0.2.7", "My CA"])).toBeUndefined();
    expect(refusedByPolicy(listed, "infra", [], ["isCA: true"])).toBeUndefined();
  });
});

describe("a namespace may not ask for", () => {
  it.each([
    ["a name beside its list", "web", ["api.example.com"]],
    ["the name its pattern hangs under", "web", ["web.example.com"]],
    ["a name that only ends in the same letters", "web", ["evilweb.example.com"]],
    ["the wildcard above its pattern", "web", ["*.example.com"]],
    ["the wildcard of a name of its list", "web", ["*.www.example.com"]],
    ["a name with its pattern in the middle", "web", ["web.example.com.evil.test"]],
    ["one name too many", "web", ["www.example.com", "evil.test"]],
    ["anything when its list is empty", "frozen", ["www.example.com"]],
  ])("%s", (_what, namespace, names) => {
    expect(refused(namespace, ...names)).toBe("NameNotAllowed");
  });

  it.each(["stranger", "", "Web", "constructor", "__proto__", "hasOwnProperty"])(
    "anything when the operator did not name it: %j",
    (namespace) => {
      expect(refused(namespace, "www.example.com")).toBe("NamespaceNotAllowed");
    },
  );
});

describe("the refusal", () => {
  it("names the names, not those that are allowed, and what would be", () => {
    const fault = refusedByPolicy(policy, "web", ["www.example.com", "a.test", "b.test"]);
    expect(fault?.message).toBe('namespace "web" may not ask for a.test, b.test');
    expect(fault?.fix).toContain("*.web.example.com, www.example.com");
  });

  it("names at most five", () => {
    const names = Array.from({ length: 9 }, (_, index) => `n${index}.test`);
    expect(refusedByPolicy(policy, "web", names)?.message).toMatch(/n4\.test$/);
  });

  it("says who can help", () => {
    expect(refusedByPolicy(policy, "stranger", ["a.test"])?.fix).toContain("operator");
  });
});

import { describe, expect, it } from "vitest";
import { acmeCannot } from "../../../../core/checks.ts";
import { at, decided, factsOf, type World } from "./world.ts";

const acme = { server: "https://acme.example.com/directory", solvers: [{ dns01: { route53: {} } }] };
const atAcme = (spec: Record<string, unknown>): World => ({ spec, issued: null, issuer: { spec: { acme } as never } });
const upn = { oid: "1.3.6.1.4.1.311.20.2.3", utf8Value: "ada@example.com" };

describe("acmeCannot", () => {
  it.each<[string, Record<string, unknown>, string]>([
    ["a URI", { uris: ["spiffe://example.com/a"] }, "spec.uris: an ACME CA certifies DNS names and IP addresses only"],
    ["an e-mail address", { emailAddresses: ["ops@example.com"] }, "spec.emailAddresses: "],
    ["another name", { otherNames: [upn] }, "spec.otherNames: "],
    ["a name with an underscore", { dnsNames: ["a.de", "_x.a.de"] }, 'spec.dnsNames: "_x.a.de" has an underscore'],
    ["a CA", { isCA: true }, "spec.isCA: an ACME CA certifies no other CA"],
    [
      "a common name that is no name",
      { commonName: "My Server" },
      "spec.commonName: If a commonName is set, ACME requires",
    ],
    [
      "a literal subject's common name that is no name",
      { literalSubject: "CN=My Server,O=Example" },
      '"My Server" does not exist in [www.example.com] or []',
    ],
    [
      "an IP address, while no solver proves one",
      { ipAddresses: ["192.0.2.7"] },
      "spec.ipAddresses: dns01 cannot prove 192.0.2.7",
    ],
  ])("holds back %s before anything is ordered, and says which field", (_what, spec, message) => {
    const decision = decided(atAcme(spec));
    expect(decision).toMatchObject({ action: "wait", reason: "InvalidOrder", until: "backoff", waitsForIssuer: true });
    expect(decision).toMatchObject({ message: expect.stringContaining(message) });
    expect(decision).toMatchObject({ message: expect.stringContaining("; ") });
  });

  it.each<[string, Record<string, unknown>]>([
    ["names", {}],
    ["a common name that is a DNS name: it is ordered, too", { commonName: "other.example.com" }],
    ["a literal subject with a DNS name", { literalSubject: "CN=www.example.com,O=Example" }],
    ["a subject without a common name", { subject: { organizations: ["Example"] } }],
  ])("lets %s through", (_what, spec) => {
    expect(decided(atAcme(spec))).toMatchObject({ action: "issue", reason: "DoesNotExist" });
  });

  it("lets an IP address through where a solver of the issuer can prove it", () => {
    const issuer = { spec: { acme: { ...acme, solvers: [...acme.solvers, { http01: {} }] } } as never };
    const world = { ...atAcme({ ipAddresses: ["192.0.2.7"], commonName: "192.0.2.7" }), issuer };
    expect(decided(world)).toMatchObject({ action: "issue" });
  });

  it("says nothing of issuers that sign by themselves, nor of one that has no accepted spec", () => {
    const spec = { isCA: true, uris: ["spiffe://example.com/a"] };
    expect(acmeCannot(factsOf({ ...atAcme(spec), issuer: { spec: { selfSigned: {} } as never } }))).toBeUndefined();
    expect(acmeCannot(factsOf({ ...atAcme(spec), issuer: { spec: undefined } }))).toBeUndefined();
    expect(acmeCannot(factsOf({ ...atAcme(spec), issuer: null }))).toBeUndefined();
  });

  it("keeps a working certificate until it is to be renewed", () => {
    const world: World = { spec: { isCA: true }, issuer: { spec: { acme } as never } };
    expect(decided(world)).toMatchObject({ action: "nothing", reason: "UpToDate" });
    expect(decided({ ...world, issued: { renewalTime: at(-1) } })).toMatchObject({
      action: "wait",
      reason: "InvalidOrder",
    });
  });
});

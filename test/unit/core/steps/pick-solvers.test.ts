import { describe, expect, it } from "vitest";
import type { Challenge } from "../../../../core/challenge.ts";
import type { IssuerRow } from "../../../../core/rows.ts";
import type { Solver } from "../../../../core/solver.ts";
import { withSolvers } from "../../../../core/steps/pick-solvers.ts";

const dns: Solver = { dns01: { route53: {} } };
const http: Solver = { http01: {} };
const httpFor = (name: string): Solver => ({ ...http, selector: { matchLabels: {}, dnsNames: [name], dnsZones: [] } });

function offer(name: string, ...types: Challenge["type"][]): Challenge[] {
  const identifier = name.replace(/^\*\./, "");
  const shared = {
    identifier,
    wildcard: name !== identifier,
    authorizationUrl: `https://ca.test/authz/${name}`,
    solver: -1,
  };
  return types.map((type): Challenge => {
    const own = { ...shared, challengeUrl: `https://ca.test/${type}/${name}` };
    if (type === "http-01") return { ...own, type, token: `token-${name}`, keyAuthorization: `token-${name}.print` };
    return { ...own, type, recordName: `_acme-challenge.${identifier}`, recordValue: "value" };
  });
}

function pick(solvers: Solver[], names: string[], offered: Challenge[]) {
  const key = { namespace: "_cluster", kind: "ClusterIssuer", name: "le" };
  const issuer = { key, spec: { acme: { solvers } } } as unknown as IssuerRow;
  const certificate = { labels: {}, spec: { dnsNames: names, ipAddresses: [] } };
  const picked = withSolvers({ issuer }, certificate as never, offered);
  return picked.map(({ type, solver }) => `${type} by ${solver}`);
}

describe("withSolvers", () => {
  it("answers one challenge of each authorization: the one that the solver of the name is for", () => {
    const offered = [...offer("a.test", "http-01", "dns-01"), ...offer("b.test", "dns-01", "http-01")];
    expect(pick([dns, httpFor("b.test")], ["a.test", "b.test"], offered)).toEqual(["dns-01 by 0", "http-01 by 1"]);
  });

  it("proves a wildcard over DNS, also where an HTTP01 solver comes first or the CA offers HTTP01 for it", () => {
    expect(pick([http, dns], ["*.a.test"], offer("*.a.test", "http-01", "dns-01"))).toEqual(["dns-01 by 1"]);
  });

  it("proves an IP address over HTTP, also where the CA offers DNS01 for it", () => {
    expect(pick([dns, http], ["192.0.2.1"], offer("192.0.2.1", "dns-01", "http-01"))).toEqual(["http-01 by 1"]);
    expect(pick([dns, http], ["2001:db8::1"], offer("2001:db8::1", "dns-01", "http-01"))).toEqual(["http-01 by 1"]);
  });

  it.each<[string, Solver[], Challenge[], string]>([
    ["a wildcard and HTTP01 solvers", [http], offer("*.a.test", "dns-01"), "*.a.test, for which the CA offers dns-01"],
    [
      "an IP address and DNS01 solvers",
      [dns],
      offer("192.0.2.1", "http-01"),
      "192.0.2.1, for which the CA offers http-01",
    ],
    [
      "a name and no solver for it",
      [httpFor("b.test")],
      offer("a.test", "dns-01", "http-01"),
      "offers dns-01 or http-01",
    ],
    [
      "an IP address offered over DNS only",
      [dns, http],
      offer("192.0.2.1", "dns-01"),
      "offers nothing that can prove it",
    ],
  ])("refuses %s, and says what the CA offers", (_, solvers, offered, words) => {
    const { identifier = "", wildcard } = offered[0] ?? {};
    const names = [wildcard ? `*.${identifier}` : identifier];
    expect(() => pick(solvers, names, offered)).toThrow(
      expect.objectContaining({ reason: "NoSolver", message: expect.stringContaining(words), endsAttempt: false }),
    );
  });

  it("refuses a challenge for a name that nobody ordered, of either type", () => {
    for (const type of ["dns-01", "http-01"] as const) {
      expect(() => pick([dns, http], ["a.test"], offer("b.test", type))).toThrow(
        expect.objectContaining({ reason: "NameNotOrdered", endsAttempt: true }),
      );
    }
  });
});

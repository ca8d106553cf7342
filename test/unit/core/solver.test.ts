import { describe, expect, it } from "vitest";
import { pickSolver, type Solver, type SolverSelector, type SolverWanted } from "../../../core/solver.ts";

function solver(selector?: Partial<SolverSelector>): Solver {
  const full = { matchLabels: {}, dnsNames: [], dnsZones: [], ...selector };
  return { dns01: { route53: {} }, ...(selector ? { selector: full } : {}) };
}

const web = (...dnsNames: string[]): Solver => ({
  http01: {},
  ...(dnsNames.length > 0 && { selector: { matchLabels: {}, dnsZones: [], dnsNames } }),
});
const any = solver();
const zone = (...dnsZones: string[]) => solver({ dnsZones });
const named = (...dnsNames: string[]) => solver({ dnsNames });
const labelled = (matchLabels: Record<string, string>) => solver({ matchLabels });

describe("pickSolver", () => {
  it.each<[string, Solver[], number | undefined, string?, Record<string, string>?]>([
    ["takes the only one", [any], 0],
    ["takes none when there is none", [], undefined],
    ["takes none when no selector matches", [zone("example.org"), named("b.example.com")], undefined],
    ["takes the first of two equals", [any, any], 0],
    ["takes the first when an empty selector is beside none", [any, solver({})], 0],
    ["prefers a zone to no selector, whatever the order", [any, zone("example.com")], 1],
    ["prefers the longest matching zone", [zone("example.com"), zone("a.example.com"), zone("com")], 1],
    ["counts the longest of a solver's zones", [zone("a.example.com"), zone("com", "www.a.example.com")], 1],
    ["takes a zone for its own apex", [zone("www.a.example.com")], 0],
    ["does not take half a label for a zone", [zone("ample.com")], undefined],
    ["prefers a name to the longest zone", [zone("www.a.example.com"), named("www.a.example.com")], 1],
    ["takes a wildcard by its own name only", [named("a.example.com")], undefined, "*.a.example.com"],
    ["takes a wildcard named as such", [any, named("*.a.example.com")], 1, "*.a.example.com"],
    ["takes a wildcard by its zone", [any, zone("a.example.com")], 1, "*.a.example.com"],
    ["prefers a zone to labels", [labelled({ team: "web", tier: "1" }), zone("com")], 1],
    ["prefers more labels", [labelled({ team: "web" }), labelled({ team: "web", tier: "1" })], 1],
    ["prefers labels to no selector", [any, labelled({ team: "web" })], 1],
    ["takes none whose label differs", [labelled({ team: "db" }), labelled({ other: "web" })], undefined],
    ["does not take an inherited property for a label", [labelled({ constructor: "x" })], undefined],
    [
      "of equal zones prefers more labels",
      [zone("example.com"), solver({ dnsZones: ["example.com"], matchLabels: { team: "web" } })],
      1,
    ],
    [
      "of equal names prefers the longer zone",
      [named("www.a.example.com"), solver({ dnsNames: ["www.a.example.com"], dnsZones: ["com"] })],
      1,
    ],
    [
      "needs every part of a selector to match",
      [solver({ dnsNames: ["www.a.example.com"], dnsZones: ["example.org"] }), any],
      1,
    ],
    [
      "takes the number of matching names for one",
      [named("www.a.example.com"), named("www.a.example.com", "b.example.com")],
      0,
    ],
  ])("%s", (_, solvers, index, name = "www.a.example.com", labels = { team: "web", tier: "1" }) => {
    expect(pickSolver(solvers, { name, labels, offered: ["dns-01"] })).toBe(index);
  });

  it.each<[string, Solver[], SolverWanted["offered"], number | undefined]>([
    [
      "passes over a solver whose type the CA does not offer, however well it fits",
      [web("www.a.example.com"), any],
      ["dns-01"],
      1,
    ],
    ["takes none when the CA offers none of the solvers' types", [any], ["http-01"], undefined],
    [
      "takes the better rank of two types that are both offered",
      [any, web("www.a.example.com")],
      ["dns-01", "http-01"],
      1,
    ],
    ["takes the first of equals, whatever the order of the CA's offers", [web(), any], ["dns-01", "http-01"], 0],
  ])("%s", (_, solvers, offered, index) => {
    expect(pickSolver(solvers, { name: "www.a.example.com", labels: {}, offered })).toBe(index);
  });
});

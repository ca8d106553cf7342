import type { Challenge } from "./challenge.ts";

/** Which names of which Certificates a solver serves; an empty part serves all. Names are A-labels. */
export interface SolverSelector {
  matchLabels: Record<string, string>;
  dnsNames: string[];
  dnsZones: string[];
}

/** How challenges are answered; one of dns01 and http01 is set. */
export interface Solver {
  selector?: SolverSelector;
  /** One entry: the provider's name, and what its adapter read of its fields. */
  dns01?: Record<string, unknown>;
  /** cert-manager's cnameStrategy Follow: records are written where the CNAMEs at their names lead. */
  follow?: true;
  /** Servers that must see the record, instead of those of the zone: `host:port`, or DoH URLs. */
  nameservers?: string[];
  /** The function serve-challenge answers: nothing has to be said about how. */
  http01?: Record<string, never>;
  /** Names are proven by records that stay (draft-ietf-acme-dns-persist); from the annotation certwright.dev/dns-persist-01. */
  persist?: true;
  /** Wait so long after the record was written or the answer made readable, instead of looking at it. */
  waitInsteadOfSelfCheckSeconds?: number;
}

/** What a solver is looked for: a name (A-label, maybe a wildcard) or an IP address of a Certificate with these labels. */
export interface SolverWanted {
  name: string;
  labels: Record<string, string>;
  /** The types that the CA offers for the name and that can prove it. */
  offered: readonly Challenge["type"][];
}

/** Higher wins, compared from left to right: a matching dnsNames, labels of the longest matching zone, number of matchLabels. */
type Rank = [number, number, number];

/** The index of the solver to use, or undefined when none serves the name; of equals the first (cert-manager's precedence). */
export function pickSolver(solvers: readonly Solver[], wanted: SolverWanted): number | undefined {
  let best: { index: number; rank: Rank } | undefined;
  for (const [index, solver] of solvers.entries()) {
    const rank = wanted.offered.includes(typeOf(solver)) ? rankOf(solver.selector, wanted) : undefined;
    if (rank && (!best || outranks(rank, best.rank))) best = { index, rank };
  }
  return best?.index;
}

/** Every type that some solver answers. */
export const challengeTypes: Challenge["type"][] = ["dns-01", "http-01", "dns-persist-01"];

/** The challenges that a solver answers. */
export function typeOf(solver: Solver): Challenge["type"] {
  if (solver.http01 !== undefined) return "http-01";
  return solver.persist ? "dns-persist-01" : "dns-01";
}

/** Undefined when a part of the selector does not match. */
function rankOf(selector: SolverSelector | undefined, { name, labels }: SolverWanted): Rank | undefined {
  if (!selector) return [0, 0, 0];
  const matchLabels = Object.entries(selector.matchLabels);
  const zoneLabels = Math.max(0, ...selector.dnsZones.filter((zone) => isWithin(name, zone)).map(countLabels));
  const matches =
    matchLabels.every(([label, value]) => labels[label] === value) &&
    (selector.dnsNames.length === 0 || selector.dnsNames.includes(name)) &&
    (selector.dnsZones.length === 0 || zoneLabels > 0);
  return matches ? [selector.dnsNames.length === 0 ? 0 : 1, zoneLabels, matchLabels.length] : undefined;
}

function outranks(rank: Rank, other: Rank): boolean {
  const differs = rank.findIndex((part, index) => part !== other[index]);
  return differs >= 0 && (rank[differs] ?? 0) > (other[differs] ?? 0);
}

function isWithin(name: string, zone: string): boolean {
  return name === zone || name.endsWith(`.${zone}`);
}

function countLabels(name: string): number {
  return name.split(".").length;
}

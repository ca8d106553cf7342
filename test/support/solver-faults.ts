import * as dnsAdapters from "../../adapters/dns/index.ts";
import { parseIssuer } from "../../core/request.ts";
import type { Kind } from "../../core/resource.ts";
import { goodIssuer } from "./good-objects.ts";

/** What is wrong with `dns01.<provider>` of a solver, as `path: message`, the path below dns01. */
export function solverFaults(dns01: Record<string, unknown>, kind: Kind = "ClusterIssuer"): string[] {
  const read = parseIssuer(goodIssuer({ solvers: [{ dns01 }] }, kind), dnsAdapters);
  if (read.ok) return [];
  return read.faults.map(({ path, message }) => `${path.replace("spec.acme.solvers[0].dns01.", "")}: ${message}`);
}

/** The config that its adapter is given. */
export function solverConfig(dns01: Record<string, unknown>, kind: Kind = "ClusterIssuer"): unknown {
  const read = parseIssuer(goodIssuer({ solvers: [{ dns01 }] }, kind), dnsAdapters);
  if (!read.ok) throw new Error(JSON.stringify(read.faults));
  return Object.values(read.resource.spec.acme?.solvers[0]?.dns01 ?? {})[0];
}

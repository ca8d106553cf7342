import type { CertificateSpec } from "../certificate.ts";
import { orderIdentifiers } from "../certificate-names.ts";
import type { Challenge } from "../challenge.ts";
import { isIpAddress, isWildcard, persistentNameFor, recordNameFor } from "../dns-name.ts";
import { RefusedError } from "../errors.ts";
import { acmeOf } from "../issuer.ts";
import type { Resource } from "../resource.ts";
import { challengeTypes, pickSolver, typeOf } from "../solver.ts";
import type { Work } from "./work.ts";

/**
 * For each authorization the challenge to answer, of those that the CA offers: the one of the solver that serves the name.
 * Throws RefusedError NameNotOrdered: a hostile CA must not make us prove names that nobody ordered.
 */
export function withSolvers(
  work: Pick<Work, "issuer">,
  certificate: Pick<Resource<CertificateSpec>, "labels" | "spec">,
  offered: Challenge[],
): Challenge[] {
  const ordered = orderIdentifiers(certificate.spec);
  const ofEach = Map.groupBy(offered, ({ authorizationUrl }) => authorizationUrl);
  return [...ofEach.values()].map((challenges) => {
    for (const challenge of challenges) refuseForeign(challenge, ordered);
    return picked(work, certificate.labels, challenges);
  });
}

/** The types of challenge by which the issuer's solvers could prove a name, whatever the CA will offer. */
export function typesFor(
  { issuer }: Pick<Work, "issuer">,
  { labels }: Pick<Resource<CertificateSpec>, "labels">,
  name: string,
): Challenge["type"][] {
  const { solvers } = acmeOf(issuer);
  const types = challengeTypes.filter((type) => canProve(type, name));
  const served = types.filter((type) => pickSolver(solvers, { name, labels, offered: [type] }) !== undefined);
  return served.length > 0 ? served : types;
}

function refuseForeign(challenge: Challenge, ordered: string[]): void {
  const name = nameOf(challenge);
  const at = { "dns-01": recordNameFor(name), "dns-persist-01": persistentNameFor(name) };
  const elsewhere = challenge.type !== "http-01" && challenge.recordName !== at[challenge.type];
  if (elsewhere || !ordered.includes(name)) throw notOrdered(name);
}

function picked({ issuer }: Pick<Work, "issuer">, labels: Record<string, string>, challenges: Challenge[]): Challenge {
  const { solvers } = acmeOf(issuer);
  const [first] = challenges;
  const name = first ? nameOf(first) : "";
  const fitting = challenges.filter(({ type }) => canProve(type, name));
  const solver = pickSolver(solvers, { name, labels, offered: fitting.map(({ type }) => type) });
  const type = typeOf(solvers[solver ?? -1] ?? {});
  const challenge = fitting.find((one) => one.type === type);
  if (solver !== undefined && challenge) return { ...challenge, solver };
  const types = fitting.map((one) => one.type).join(" or ") || "nothing that can prove it";
  throw new RefusedError({
    reason: "NoSolver",
    message: `no solver of ${issuer.key.kind} "${issuer.key.name}" matches ${name}, for which the CA offers ${types}`,
    fix: "add a solver, or widen a selector in spec.acme.solvers",
  });
}

/** RFC 8555 8.3 and 8.4: a wildcard is proven over DNS only; RFC 8738 7: an IP address never is. */
function canProve(type: Challenge["type"], name: string): boolean {
  return type === "http-01" ? !isWildcard(name) : !isIpAddress(name);
}

function nameOf({ wildcard, identifier }: Challenge): string {
  return wildcard ? `*.${identifier}` : identifier;
}

function notOrdered(name: string): RefusedError {
  return new RefusedError({
    reason: "NameNotOrdered",
    message: `the CA asks to prove control of ${name}, which is not in the order`,
    fix: "do not trust this ACME server",
    endsAttempt: true,
  });
}

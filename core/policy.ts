import type { Fault } from "./errors.ts";

/** Who may ask for which names; absent means that any namespace may ask for any name. */
export interface Policy {
  namespaces?: Record<string, { dnsNames?: string[] | undefined }> | undefined;
  /** What it refused, for who cannot read it (the command line). */
  refused?: Fault;
}

/**
 * Why a namespace may not ask for these DNS names, or undefined. A pattern `*.example.com` covers every name below example.com.
 * `others` (addresses, URIs, a common name that is no DNS name ...) are covered only by themselves.
 */
export function refusedByPolicy(
  policy: Policy,
  namespace: string,
  names: string[],
  others: string[] = [],
): Fault | undefined {
  if (!policy.namespaces) return policy.refused;
  const rule = Object.hasOwn(policy.namespaces, namespace) ? policy.namespaces[namespace] : undefined;
  if (!rule) {
    return {
      reason: "NamespaceNotAllowed",
      message: `namespace "${namespace}" is not one of this installation's namespaces`,
      fix: "ask the operator to add it to the property `namespaces` of the deployment",
    };
  }
  const patterns = rule.dnsNames;
  const refused = patterns
    ? [
        ...names.filter((name) => !patterns.some((pattern) => covers(pattern, name))),
        ...others.filter((other) => !patterns.includes(other)),
      ]
    : [];
  if (refused.length === 0) return undefined;
  return {
    reason: "NameNotAllowed",
    message: `namespace "${namespace}" may not ask for ${refused.slice(0, 5).join(", ")}`,
    fix: `allowed are ${patterns?.join(", ")}; ask the operator to extend \`namespaces\` of the deployment`,
  };
}

function covers(written: string, name: string): boolean {
  const pattern = written.toLowerCase();
  return pattern.startsWith("*.") ? name.endsWith(pattern.slice(1)) || name === pattern : name === pattern;
}

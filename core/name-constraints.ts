import { invalidValue, quote } from "./field-fault.ts";
import type { Fields, FieldTable } from "./field-reader.ts";
import { cidrBytes } from "./ip-address.ts";

/** What a CA's certificate may issue for (RFC 5280 4.2.1.10). */
export interface NameConstraints {
  critical: boolean;
  permitted?: Subtrees;
  excluded?: Subtrees;
}

/** Lists are absent when they are empty. */
export interface Subtrees {
  dnsDomains?: string[];
  /** CIDR, as written. */
  ipRanges?: string[];
  emailAddresses?: string[];
  uriDomains?: string[];
}

const constraintsTable: FieldTable = { critical: "read", permitted: "read", excluded: "read" };
const subtreesTable: FieldTable = { dnsDomains: "read", ipRanges: "read", emailAddresses: "read", uriDomains: "read" };

/** Reads spec.nameConstraints, which only a CA's Certificate may have. */
export function readNameConstraints(fields: Fields, isCA: boolean): NameConstraints | undefined {
  const constraints = fields.map("nameConstraints", constraintsTable);
  if (!constraints) return undefined;
  const [permitted, excluded] = [readSubtrees(constraints, "permitted"), readSubtrees(constraints, "excluded")];
  const fault = (why: string, fix: string) => fields.fault("nameConstraints", invalidValue('"(object)"', why), fix);
  if (!isCA) fault("isCa should be true when nameConstraints is set", "set isCA: true, or remove nameConstraints");
  if (!permitted && !excluded) {
    fault("either permitted or excluded must be set", "add permitted, such as {dnsDomains: [example.com]}");
  }
  return {
    critical: constraints.flag("critical") ?? false,
    ...(permitted ? { permitted } : {}),
    ...(excluded ? { excluded } : {}),
  };
}

function readSubtrees(constraints: Fields, name: "permitted" | "excluded"): Subtrees | undefined {
  const subtrees = constraints.map(name, subtreesTable);
  if (!subtrees) return undefined;
  const texts = (list: keyof Subtrees) =>
    subtrees.texts(list).map(({ path, text }) => {
      const problem = list === "ipRanges" ? rangeProblem(text) : asciiProblem(text);
      if (problem) subtrees.faultAt(path, invalidValue(quote(text), problem.why), problem.fix);
      return text;
    });
  const lists = (["dnsDomains", "ipRanges", "emailAddresses", "uriDomains"] as const).map((list) => [
    list,
    texts(list),
  ]);
  return Object.fromEntries(lists.filter(([, list]) => list?.length));
}

function rangeProblem(text: string): { why: string; fix: string } | undefined {
  return cidrBytes(text) ? undefined : { why: "invalid CIDR address", fix: "write a range such as 10.0.0.0/8" };
}

function asciiProblem(text: string): { why: string; fix: string } | undefined {
  const fix = "write international names as A-labels (xn--...)";
  return /^[\u0020-\u007e]*$/.test(text) ? undefined : { why: "must be printable ASCII", fix };
}

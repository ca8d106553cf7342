import type { DnsLookup } from "../dns-lookup.ts";

/** What somebody asks of the CAA records of a name. */
export interface CaaQuestion {
  /** As ordered: an A-label, maybe with `*.`. */
  name: string;
  /** The CA's issuer domain names (RFC 8555 7.1.1, caaIdentities). */
  identities: readonly string[];
  accountUrl: string;
  /** The validation method, such as dns-01 (RFC 8657 4). */
  method: string;
}

/** The CAA records that count for a name: those of the nearest name upwards that has some (RFC 8659 3). */
export interface CaaSet {
  /** Who owns the records: the name, one above it, or the end of an alias. */
  owner: string;
  records: CaaRecord[];
}

interface CaaRecord {
  critical: boolean;
  tag: string;
  value: string;
}

/** Climbs the tree from a name without `*.`; undefined when nobody restricts it. Aliases are followed by the resolvers. */
export async function caaOf(lookup: DnsLookup, name: string): Promise<CaaSet | undefined> {
  for (let at = name; at !== ""; at = at.slice(at.indexOf(".") + 1 || at.length)) {
    const { answers } = await lookup.resolve(at, "CAA");
    const [first, ...more] = answers.filter((record) => record.type === "CAA");
    if (first === undefined) continue;
    const records = [first, ...more].map(({ critical, tag, value }) => ({ critical, tag, value }));
    return { owner: first.name, records };
  }
  return undefined;
}

/** Tags with a meaning of their own, which do not restrict TLS certificates (IANA, "CAA Properties"). */
const harmlessTags = ["iodef", "contactemail", "contactphone", "issuemail", "issuevmc"];

/** Why these records forbid a certificate, naming the record; undefined when they allow it (RFC 8659 4, RFC 8657 3 and 4). */
export function forbiddenBy(set: CaaSet, question: CaaQuestion): string | undefined {
  const unknown = set.records.find(
    ({ critical, tag }) => critical && !["issue", "issuewild", ...harmlessTags].includes(tag),
  );
  if (unknown) return `${shown(set, unknown)} is critical, and no CA may issue that does not know it`;
  const rules = rulesFor(set, question.name);
  if (rules.length === 0) return undefined;
  const problems = rules.map((rule) => problemOf(rule.value, question));
  if (problems.includes(undefined)) return undefined;
  const records = rules.map((rule, index) => `${shown(set, rule)} ${problems[index]}`);
  return records.join("; ");
}

/** issuewild takes the place of issue for wildcards, where there is one (RFC 8659 4.3). */
function rulesFor({ records }: CaaSet, name: string): CaaRecord[] {
  const tagged = (wanted: string) => records.filter(({ tag }) => tag === wanted);
  const wild = name.startsWith("*.") ? tagged("issuewild") : [];
  return wild.length > 0 ? wild : tagged("issue");
}

/** Undefined when the record lets this CA issue to this account by this method. */
function problemOf(text: string, { identities, accountUrl, method }: CaaQuestion): string | undefined {
  const rule = parse(text);
  if (!rule) return "is malformed, so it allows nobody";
  if (rule.domain === "") return "allows nobody";
  if (!identities.some((identity) => identity.toLowerCase() === rule.domain)) return `allows ${rule.domain} only`;
  const accounts = rule.parameters.filter(([tag]) => tag === "accounturi");
  if (accounts.length > 1 || accounts.some(([, uri]) => uri !== accountUrl)) return "allows another account only";
  const methods = rule.parameters.filter(([tag]) => tag === "validationmethods");
  const allows = methods.every(([, list]) => list.split(",").includes(method));
  return methods.length > 1 || !allows ? `does not allow the validation method ${method}` : undefined;
}

const domainSyntax = /^[a-z0-9]+(-+[a-z0-9]+)*(\.[a-z0-9]+(-+[a-z0-9]+)*)*$/;
const parameterSyntax = /^([a-z0-9]+(?:-+[a-z0-9]+)*)[ \t]*=[ \t]*([\x21-\x3a\x3c-\x7e]*)$/i;

/** RFC 8659 4.2; undefined for what breaks the grammar. */
function parse(text: string): { domain: string; parameters: [tag: string, value: string][] } | undefined {
  const [issuer = "", ...rest] = text.split(";").map((part) => part.replace(/^[ \t]+|[ \t]+$/g, ""));
  const domain = issuer.toLowerCase();
  if (domain !== "" && !domainSyntax.test(domain)) return undefined;
  const written = rest.length === 1 && rest[0] === "" ? [] : rest;
  const parameters = written.map((part) => parameterSyntax.exec(part));
  if (parameters.some((match) => match === null)) return undefined;
  return { domain, parameters: parameters.map((match) => [String(match?.[1]).toLowerCase(), String(match?.[2])]) };
}

/** As zone files have it. */
function shown({ owner }: CaaSet, { critical, tag, value }: CaaRecord): string {
  return `${owner} CAA ${critical ? 128 : 0} ${tag} ${JSON.stringify(value.slice(0, 300))}`;
}

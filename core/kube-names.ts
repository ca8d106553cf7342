const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const labelSyntax = new RegExp(`^${label}$`);
const subdomainSyntax = new RegExp(`^${label}(\\.${label})*$`);
const namePartSyntax = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

const startsAndEnds = "and must start and end with an alphanumeric character";
const subdomainWords = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', ${startsAndEnds}`;
const labelWords = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', ${startsAndEnds}`;
const namePartWords = `name part must consist of alphanumeric characters, '-', '_' or '.', ${startsAndEnds}`;
const labelValueWords = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', ${startsAndEnds}`;

/** Why a text is not the name of an object (DNS-1123 subdomain), in Kubernetes' words, or undefined. */
export function subdomainProblem(text: string): string | undefined {
  if (text.length > 253) return "must be no more than 253 characters";
  return subdomainSyntax.test(text) ? undefined : subdomainWords;
}

/** Why a text is not a namespace (DNS-1123 label), in Kubernetes' words, or undefined. */
export function labelProblem(text: string): string | undefined {
  if (text.length > 63) return "must be no more than 63 characters";
  return labelSyntax.test(text) ? undefined : labelWords;
}

/** Why a text is not the key of a label or annotation (`prefix/name`), in Kubernetes' words, or undefined. */
export function qualifiedNameProblem(text: string): string | undefined {
  const slash = text.indexOf("/");
  const prefix = slash < 0 ? undefined : subdomainProblem(text.slice(0, slash));
  if (prefix !== undefined) return `prefix part ${prefix}`;
  const name = text.slice(slash + 1);
  if (name === "") return "name part must be non-empty";
  if (name.length > 63) return "name part must be no more than 63 characters";
  return namePartSyntax.test(name) ? undefined : namePartWords;
}

/** Why a text is not the value of a label, in Kubernetes' words, or undefined. */
export function labelValueProblem(text: string): string | undefined {
  if (text.length > 63) return "must be no more than 63 characters";
  return text === "" || namePartSyntax.test(text) ? undefined : labelValueWords;
}

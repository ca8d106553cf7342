import { UsageError } from "./failure.ts";

/** What `-l` says: `a=b`, `a==b`, `a!=b`, `a`, `!a`, joined by commas; all must hold. Throws UsageError. */
export function parseSelector(text: string | undefined): (labels: Record<string, string>) => boolean {
  const tests = (text ?? "").split(",").filter((term) => term.trim() !== "");
  if (text !== undefined && tests.length === 0) throw new UsageError("-l needs a selector such as team=payments");
  const checks = tests.map((term) => parseTerm(term.trim()));
  return (labels) => checks.every((check) => check(labels));
}

function parseTerm(term: string): (labels: Record<string, string>) => boolean {
  const [, not, key, operator, value] = /^(!?)([\w./-]+)\s*(?:(==|=|!=)\s*([\w.-]*))?$/.exec(term) ?? [];
  if (key === undefined || (not && operator))
    throw new UsageError(`"${term}" is no selector: write key=value, key!=value, key or !key`);
  if (operator === undefined) return (labels) => Object.hasOwn(labels, key) === (not === "");
  if (operator === "!=") return (labels) => labels[key] !== value;
  return (labels) => labels[key] === value;
}

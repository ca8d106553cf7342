/** Whether labels match a selector in its text form: `a=b,c!=d,e in (x,y),f notin (z),g,!h`. */
export function matchesSelector(labels: Record<string, string> | undefined, text: string | undefined): boolean {
  return requirements(text ?? "").every((requirement) => meets(labels ?? {}, requirement));
}

function requirements(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function meets(labels: Record<string, string>, requirement: string): boolean {
  const [, key = "", not, list = ""] = /^(\S+) (not)?in \((.*)\)$/.exec(requirement) ?? [];
  if (key !== "")
    return (
      list
        .split(",")
        .map((value) => value.trim())
        .includes(labels[key] ?? "\0") ===
      (not === undefined)
    );
  const [, name = "", operator = "", value = ""] = /^([^!=\s]+)\s*(!=|==?)\s*(.*)$/.exec(requirement) ?? [];
  if (operator === "!=") return labels[name] !== value;
  if (operator !== "") return labels[name] === value;
  if (requirement.startsWith("!")) return !Object.hasOwn(labels, requirement.slice(1).trim());
  if (!/^[\w./-]+$/.test(requirement)) throw new RangeError(`no label selector: ${requirement}`);
  return Object.hasOwn(labels, requirement);
}

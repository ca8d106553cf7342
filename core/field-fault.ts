/** One thing wrong with an object: where (`spec.dnsNames[0]`), what in Kubernetes' words, and the cure; ends without a full stop. */
export interface FieldFault {
  path: string;
  message: string;
  fix: string;
}

const shownCharacters = 80;

/** The message of a field that must be there. */
export function requiredValue(why: string): string {
  return `Required value: ${why}`;
}

/** The message of a value that breaks a rule; `shown` comes from quote(), or is a number or a duration. */
export function invalidValue(shown: string | number, why: string): string {
  return `Invalid value: ${shown}: ${why}`;
}

/** The message of a value outside a closed list. */
export function unsupportedValue(shown: string | number, supported: readonly string[]): string {
  return `Unsupported value: ${shown}: supported values: ${supported.map((value) => JSON.stringify(value)).join(", ")}`;
}

/** The message of a value over a limit of bytes. */
export function tooLong(bytes: number): string {
  return `Too long: may not be more than ${bytes} bytes`;
}

/** A user's text as a message may show it: cut, control characters escaped, and nothing that looks like PEM. */
export function quote(text: string): string {
  if (text.includes("-----")) return '"(PEM text)"';
  return JSON.stringify(text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text);
}

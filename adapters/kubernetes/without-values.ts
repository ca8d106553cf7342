/** What an apiserver says of one field; https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#StatusCause */
export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

const maxLength = 500;
/** `Invalid value: "x": why`. A value that is no quoted string and no single word takes the rest with it. */
const valueShown =
  /\b((?:Invalid|Unsupported|Duplicate) value|Not found): (?:"(?:[^"\\]|\\.)*"(?=:|,|$)|[\w.+-]+(?=:|,|$)|[\s\S]+)/g;
const quoted = /"(?:[^"\\]|\\.)*"?|`[^`]*`?|\|[^|]*\|?/gs;
const pem = /-----BEGIN[\s\S]*/g;
/** Base64 and the like: names of objects are shorter or have dots and dashes in them. */
const longRun = /[A-Za-z0-9+/=_\\]{40,}/g;
/** Decoders end with what they found. */
const decoder = /(?:\berror found in #\d+ byte|, got )[\s\S]*/g;

/**
 * An apiserver's message as it may be shown and stored: it quotes what it was sent, which may be a private key. Causes
 * are told by their field; `known` are the names that we chose, whose quotes stay.
 */
export function withoutValues(message: string, causes: readonly StatusCause[], known: readonly string[]): string {
  const told = causes.map(({ field, message: why = "" }) => [field, cut(why, known)].filter((part) => part).join(": "));
  const text = told.length > 0 ? told.join("; ") : cut(message, known);
  return text.length > maxLength ? `${text.slice(0, maxLength)} ...` : text;
}

function cut(text: string, known: readonly string[]): string {
  return text
    .replaceAll(decoder, " (cut)")
    .replaceAll(pem, "(cut)")
    .replaceAll(valueShown, "$1: (cut)")
    .replaceAll(quoted, (part) => (known.includes(part.slice(1, -1)) ? part : "(cut)"))
    .replaceAll(longRun, "(cut)");
}

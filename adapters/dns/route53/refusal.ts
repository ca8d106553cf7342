import { bareName } from "./names.ts";

/** What an InvalidChangeBatch says of the names of its batch. */
export interface Refusal {
  /** What they hold is not what we believed: read and try again. */
  stale: string[];
  /** A CNAME is there, so Route 53 allows no TXT. */
  taken: string[];
  /** Mentioned in words we do not know. */
  mentioned: string[];
}

/**
 * Route 53's sentences, as met in the wild: `Tried to create resource record set [name='x.', type='TXT'] but it already
 * exists`, the same without brackets (`set x. type TXT, but ...`), `... [name='x.', type='TXT', set-identifier='y'] but
 * the values provided do not match the current values`, `... but it was not found`.
 */
const moved = /Tried to (?:create|delete) resource record set,? (?:\[name='([^']*)|([^\s,[]+))/g;
/** `RRSet with DNS name x., type TXT, SetIdentifier y cannot be created because a non multivalue answer rrset exists`. */
const mixed = /RRSet with DNS name ([^\s,]+?),? (?:and )?type TXT[^[\]]*? cannot be created/g;
/** `RRSet of type TXT with DNS name x. is not permitted because a conflicting RRSet of type  CNAME ... already exists`. */
const conflicting = /RRSet of type\s+TXT with DNS name (\S+) is not permitted because a conflicting/g;

/**
 * Reads AWS's message against the names of its batch. A set that cannot be mixed is news only to who has not looked
 * (`looked`); afterwards it is a refusal like any other.
 */
export function readRefusal(message: string, names: string[], looked: boolean): Refusal {
  const among = (pattern: RegExp) => {
    const found = new Set([...message.matchAll(pattern)].map((match) => bareName(match[1] ?? match[2] ?? "")));
    return { any: found.size > 0, names: names.filter((name) => found.has(name)) };
  };
  const taken = among(conflicting).names;
  const sentences = looked ? [among(moved)] : [among(moved), among(mixed)];
  const stale = [...new Set(sentences.flatMap((sentence) => sentence.names))];
  const unnamed = stale.length === 0 && sentences.some((sentence) => sentence.any);
  const text = bareName(message);
  return {
    stale: unnamed ? names : stale,
    taken,
    mentioned: names.filter((name) => text.includes(name)),
  };
}

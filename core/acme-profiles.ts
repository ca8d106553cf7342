import { RefusedError } from "./errors.ts";

/** What a directory's `meta.profiles` must hold: names, and words or a URL about each (draft-ietf-acme-profiles 3). */
interface Directory {
  meta?: { profiles?: Record<string, unknown> | undefined } | undefined;
}

/** The refusal of a profile that the CA does not advertise, in the reasons of cert-manager's ACME client; undefined when it does. */
export function profileMissing(directory: Directory, profile: string): RefusedError | undefined {
  const profiles = directory.meta?.profiles ?? {};
  if (Object.hasOwn(profiles, profile)) return undefined;
  const offered = Object.entries(profiles).map(([name, words]) => offer(name, words));
  if (offered.length === 0) {
    return new RefusedError({
      reason: "ErrCADoesNotSupportProfiles",
      message: `The CA has no profiles, and so none of the name "${profile}".`,
      fix: "Remove spec.acme.profile of the issuer.",
    });
  }
  return new RefusedError({
    reason: "ErrProfileNotInSet",
    message: `The CA has no profile "${profile}"; it offers ${offered.slice(0, mostShown).join(", ")}.`,
    fix: "Choose one of these in spec.acme.profile of the issuer, or remove the field.",
  });
}

const mostShown = 12;

/** The CA chooses these words and people read them in terminals. */
function offer(name: string, words: unknown): string {
  const said = typeof words === "string" ? clean(words, 80) : "";
  return said === "" || said === name ? clean(name, 64) : `${clean(name, 64)} (${said})`;
}

function clean(text: string, length: number): string {
  return text
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim()
    .slice(0, length);
}

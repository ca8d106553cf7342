import { RefusedError } from "../../core/errors.ts";

/** RFC 1034 3.6.2: no other record beside a CNAME. `server`: who says so, such as `Route 53`. */
export function nameTaken(name: string, server: string): RefusedError {
  return new RefusedError({
    reason: "ChallengeNameTaken",
    message: `A CNAME is at ${name}, so ${server} takes no TXT record there.`,
    fix: `Remove the CNAME at ${name}; following it (cnameStrategy: Follow) comes with a later version.`,
  });
}

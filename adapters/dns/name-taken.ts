import { RefusedError } from "../../core/errors.ts";

/** RFC 1034 3.6.2: no other record beside a CNAME. `server`: who says so, such as `Route 53`. */
export function nameTaken(name: string, server: string): RefusedError {
  return new RefusedError({
    reason: "ChallengeNameTaken",
    message: `A CNAME is at ${name}, so ${server} takes no TXT record there.`,
    fix: `Set cnameStrategy: Follow in the issuer's solver, and the record is written where the CNAME leads; or remove the CNAME at ${name}.`,
  });
}

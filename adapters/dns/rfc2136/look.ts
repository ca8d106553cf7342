import { RefusedError } from "../../../core/errors.ts";
import { type Rr, textOf } from "../message.ts";
import { nameTaken } from "../name-taken.ts";
import { type Answer, type ConversationDeps, query, rcodes, types, unusable } from "./conversation.ts";

/** What a name holds now, and the zone that an update of it must name. */
export interface Found {
  zone: string;
  txt: (Rr & { text: string })[];
}

/** Looks at one name. Throws RefusedError: HostedZoneNotFound, ChallengeNameTaken. */
export async function look(deps: ConversationDeps, name: string): Promise<Found> {
  const answer = held(await query(deps, name, types.TXT), name);
  const own = answer.answers.filter((record) => record.name === name);
  if (own.some(({ type }) => type === types.CNAME)) throw nameTaken(name, "the name server");
  const txt = own.filter(({ type }) => type === types.TXT).map((record) => ({ ...record, text: textOf(record.data) }));
  // Where there is no TXT the answer names the zone (RFC 2308 2); an answer with TXT need not.
  const zone = zoneIn(answer) ?? zoneIn(held(await query(deps, name, types.SOA), name));
  if (zone === undefined) throw unusable(`does not say which of its zones holds ${name}`);
  return { zone, txt };
}

function zoneIn({ answers, authorities }: Answer): string | undefined {
  return [...answers, ...authorities].find(({ type }) => type === types.SOA)?.name;
}

/** The answer of the name's own zone. Another server's zone is answered with a referral, or not at all. */
function held(answer: Answer, name: string): Answer {
  const { rcode, authoritative } = answer;
  if (rcode === rcodes.servFail) throw unusable(`answered SERVFAIL when asked for ${name}`);
  const known = rcode === rcodes.noError || rcode === rcodes.nxDomain;
  if (known && authoritative) return answer;
  throw new RefusedError({
    reason: "HostedZoneNotFound",
    message: `The name server holds no zone for ${name} (it answered code ${rcode}${known ? ", not authoritative" : ""}).`,
    fix: "Name the zone's primary server in rfc2136.nameserver, let this key or address query it, or use another solver.",
  });
}

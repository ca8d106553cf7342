import type { AcmeIssuer, Order } from "../../../core/acme-port.ts";
import type { Challenge } from "../../../core/challenge.ts";
import { persistentNameFor } from "../../../core/dns-name.ts";
import { isNamed, RefusedError } from "../../../core/errors.ts";
import { describe } from "./problems.ts";
import type { AuthorizationReply } from "./replies.ts";
import { authorizationSchema, badReply, challengeSchema, orderSchema, parseReply } from "./replies.ts";
import type { Session } from "./session.ts";

/** Authorizations and challenges (RFC 8555 7.5). */
export function acmeAuthorizations(session: Session): Pick<AcmeIssuer, "challenges" | "answer" | "refusals"> {
  return {
    async challenges<Type extends Challenge["type"]>(order: Order, types: Type[]) {
      if (!["pending", "invalid"].includes(order.status)) return [];
      const authorizations = await readAll(session, order);
      const open = authorizations.filter(({ reply }) => reply.status !== "valid");
      const found = (await Promise.all(open.map((one) => challengesOf(session, one, types)))).flat();
      return found as Extract<Challenge, { type: Type }>[];
    },
    answer: (challenge) => answer(session, challenge),
    refusals: (order) => refusals(session, order),
  };
}

interface Authorization {
  url: string;
  reply: AuthorizationReply;
}

/** One after the other keeps to one nonce; many names are worth a few nonces more. */
async function readAll(session: Session, order: Order): Promise<Authorization[]> {
  const urls = order.authorizationUrls;
  const found: Authorization[] = [];
  const next = urls.entries();
  const work = async (): Promise<void> => {
    for (const [index, url] of next) found[index] = await read(session, url);
  };
  await Promise.all(Array.from({ length: urls.length > 10 ? 4 : 1 }, work));
  return found;
}

async function read(session: Session, url: string): Promise<Authorization> {
  const { data } = await session.post(url, null, "authorization");
  return { url, reply: parseReply(authorizationSchema, data, "the authorization") };
}

async function challengesOf(
  session: Session,
  { url, reply }: Authorization,
  types: Challenge["type"][],
): Promise<Challenge[]> {
  const identifier = reply.identifier.value.toLowerCase().replace(/^\*\./, "");
  if (reply.status !== "pending") throw ended(identifier, reply);
  const offered = types.flatMap((type) => reply.challenges.filter((challenge) => challenge.type === type));
  if (offered.length === 0) throw notOffered(identifier, types, reply);
  const shared = { identifier, wildcard: reply.wildcard ?? false, authorizationUrl: url, solver: -1 };
  return Promise.all(
    offered.map(async ({ type, url: challengeUrl, token, ...more }): Promise<Challenge> => {
      if (challengeUrl !== undefined && type === "dns-persist-01") {
        const recordValue = persistentValue(session, shared.wildcard, more["issuer-domain-names"]);
        return { ...shared, challengeUrl, type, recordName: persistentNameFor(identifier), recordValue };
      }
      if (challengeUrl === undefined || !token) throw badReply("the challenge: no url or no token");
      if (type === "http-01") {
        return { ...shared, challengeUrl, type, token, keyAuthorization: await session.keyAuthorization(token) };
      }
      const recordName = `_acme-challenge.${identifier}`;
      return { ...shared, challengeUrl, type: "dns-01", recordName, recordValue: await session.recordValue(token) };
    }),
  );
}

/** The record's value names the CA and our account; for wildcards it says so (draft-ietf-acme-dns-persist). */
function persistentValue({ accountUrl }: Session, wildcard: boolean, issuers: string[] | undefined): string {
  const [issuer] = issuers ?? [];
  if (issuer === undefined || !/^[a-z0-9.-]+$/i.test(issuer)) throw badReply("the challenge: no issuer-domain-names");
  if (!/^[\x21-\x3a\x3c-\x7e]+$/.test(accountUrl ?? ""))
    throw badReply("the account: its URL cannot stand in a record");
  return `${issuer}; accounturi=${accountUrl}${wildcard ? "; policy=wildcard" : ""}`;
}

function ended(identifier: string, reply: AuthorizationReply): RefusedError {
  const why = reasonsOf(reply);
  return new RefusedError({
    reason: reply.status === "invalid" ? "ChallengeRefused" : "AuthorizationEnded",
    message: `The authorization for ${identifier} is ${reply.status}${why && `: ${why}`}.`,
    fix: "A new order is made with the next attempt. If it is refused again, do what the CA's message asks for.",
    endsAttempt: true,
  });
}

function notOffered(identifier: string, types: string[], reply: AuthorizationReply): RefusedError {
  const offered = reply.challenges.map(({ type }) => type.slice(0, 40)).join(", ");
  return new RefusedError({
    reason: "ChallengeNotOffered",
    message: `For ${identifier} the CA offers ${offered || "no challenge"}, not ${types.join(", ")}.`,
    fix: "Use a CA that validates this name over DNS or HTTP, or have the name pre-authorized there.",
    endsAttempt: true,
  });
}

/** A second answer is malformed at some CAs: what became of the challenge decides. */
async function answer(session: Session, challenge: Challenge): Promise<void> {
  try {
    await session.post(challenge.challengeUrl, {}, "challenge");
  } catch (error) {
    if (!(isNamed(error) && error.reason === "Malformed")) throw error;
    const { data } = await session.post(challenge.challengeUrl, null, "challenge");
    const { status } = parseReply(challengeSchema, data, "the challenge");
    if (status !== "processing" && status !== "valid") throw error;
  }
}

async function refusals(session: Session, order: Order): Promise<string> {
  const { data } = await session.post(order.url, null, "order");
  const { error } = parseReply(orderSchema, data, "the order");
  const authorizations = await readAll(session, order);
  const lines = authorizations
    .filter(({ reply }) => reply.status !== "valid" && reply.status !== "pending")
    .map(({ reply }) => `${nameOf(reply)}: ${reasonsOf(reply) || `the authorization is ${reply.status}`}`);
  const own = error ? describe(error) : "";
  const repeated = lines.some((line) => line.includes(own));
  return [...lines, ...(repeated ? [] : [own])].join("\n") || "the CA gave no reason";
}

function nameOf(reply: AuthorizationReply): string {
  return reply.wildcard ? `*.${reply.identifier.value}` : reply.identifier.value;
}

function reasonsOf(reply: AuthorizationReply): string {
  const errors = reply.challenges.flatMap(({ error }) => (error ? [describe(error)] : []));
  return [...new Set(errors)].join("; ");
}

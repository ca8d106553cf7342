import { type Sight, seenByResolvers, seenByZone } from "../dns/seen.ts";
import { RefusedError } from "../errors.ts";
import { acmeOf } from "../issuer.ts";
import type { TxtRecord } from "../ports.ts";
import { lookPrefix } from "./await-records.ts";
import { isOverDns, recordOf } from "./publish-challenge.ts";
import type { Work } from "./work.ts";

/** Servers that stay silent hold nobody up for longer, when another one serves the record: the CA asks one that answers. */
const silenceMs = 60_000;
/** Never much longer: a resolver may have been asked by somebody else meanwhile. */
const longestPauseMs = 15 * 60_000;

/**
 * Looks whether the records that nobody else vouches for are served: by all servers of their zones, or by the solver's
 * `nameservers`. Answers when to look again, or undefined when all are. Throws RefusedError NotPropagated when the time is over.
 */
export async function lookAtRecords(work: Work): Promise<Date | undefined> {
  const looks = (work.row.changes ?? []).flatMap(parseLook);
  if (looks.length === 0) return undefined;
  const now = work.deps.clock.now().getTime();
  const sights = await Promise.all(looks.map((look) => lookAt(work, look, now)));
  const open = sights.flat();
  const [first] = open;
  if (!first) return undefined;
  const over = open.find(({ until }) => until <= now);
  if (over) {
    // The next try writes them again, and begins to wait anew.
    delete work.row.changes;
    throw notPropagated(over);
  }
  const { name, sight } = first;
  const certificate = `${work.ref.namespace}/${work.ref.name}`;
  work.deps.log({ step: "check-propagation", outcome: "not yet", certificate, record: name, ...namesOf(sight) });
  const remembered = Math.max(...open.map((one) => one.sight.rememberedSeconds * 1_000));
  return new Date(now + Math.min(remembered, longestPauseMs, Math.min(...open.map(({ until }) => until)) - now));
}

interface Look {
  solver: number;
  until: number;
}

interface Open extends Look {
  name: string;
  sight: Sight;
}

function parseLook(change: string): Look[] {
  const [solver = "", id = ""] = change.split(":");
  return id.startsWith(lookPrefix) ? [{ solver: Number(solver), until: Number(id.slice(lookPrefix.length)) }] : [];
}

/** What is not seen yet of a solver's records. */
async function lookAt(work: Work, look: Look, now: number): Promise<Open[]> {
  const { nameservers } = acmeOf(work.issuer).solvers[look.solver] ?? {};
  const item = await work.reads.challenges(work.ref);
  const records = (item?.challenges ?? [])
    .filter(isOverDns)
    .filter(({ solver }) => solver === look.solver)
    .map(recordOf);
  const { lookup } = work.reads;
  const see = (record: TxtRecord) =>
    nameservers ? seenByResolvers(lookup, nameservers, record) : seenByZone(lookup, record);
  const sights = await Promise.all(
    records.map(async (record) => ({ ...look, name: record.name, sight: await see(record) })),
  );
  return sights.filter((open) => !isSeen(open, now));
}

function isSeen({ sight, until }: Open, now: number): boolean {
  if (sight.lacking.length > 0 || sight.served === 0) return false;
  return sight.silent.length === 0 || now >= until - silenceMs;
}

function namesOf({ lacking, silent }: Sight): { lacking?: string[]; silent?: string[] } {
  return { ...(lacking.length > 0 && { lacking }), ...(silent.length > 0 && { silent }) };
}

function notPropagated({ name, sight: { lacking, silent } }: Open): RefusedError {
  const parts = [
    ...(lacking.length > 0 ? [`it is not served by ${lacking.join(", ")}`] : []),
    ...(silent.length > 0 ? [`no answer from ${silent.join(", ")}`] : []),
  ];
  return new RefusedError({
    reason: "NotPropagated",
    message: `The TXT record at ${name} was written and is not seen: ${parts.join("; ")}.`,
    fix: "See why these servers do not follow their primary; where they cannot be asked from here, set waitInsteadOfSelfCheck in the solver.",
  });
}

import type { Decision } from "../../core/decide.ts";
import { decideLooking } from "../../core/dispatch/decide-looking.ts";
import { gather, type Stores } from "../../core/dispatch/gather.ts";
import { classOf } from "../../core/errors.ts";
import { type Explained, explain, titleOf } from "../../core/explain.ts";
import type { Facts } from "../../core/facts.ts";
import type { ResourceKey } from "../../core/resource.ts";
import { rfc3339 } from "../../core/status.ts";
import { fromNow } from "../durations.ts";
import { explain as explainError, Failure, UsageError } from "../failure.ts";
import type { Io } from "../io.ts";
import { inNamespace, keyIn, parseTargets, printedKey } from "../kinds.ts";
import { nextStep } from "../next-step.ts";
import { findObject } from "../objects.ts";
import { document, parseFormat } from "../output.ts";
import { type Cell, table } from "../table.ts";
import type { Call, Installation, Verb } from "../verb.ts";

/** Prints the decision chain of a Certificate: what each check saw, which one decides, and what follows. */
export const explainVerb: Verb = {
  name: "explain",
  summary: "Show how certwright decides on a Certificate: every check, its verdict and what it saw",
  usage: ["explain NAME [-n NAMESPACE] [-o json|yaml]"],
  notes: [
    "The checks are those of core/decide.ts, in their order; the first that fires in a list decides. It reads the object,",
    "State and the description of the stored secret, and changes nothing.",
  ],
  options: ["namespace", "output"],
  examples: [
    ["Why is it not renewed yet?", "certwright explain web"],
    ["Which check decides?", "certwright explain web -o json | jq '.checks[] | select(.verdict == \"fires\")'"],
  ],
  run: runExplain,
};

async function runExplain({ values, args, io, connect }: Call): Promise<number> {
  const key = keyIn(values.namespace ?? "default", "Certificate", nameFrom(args));
  const format = parseFormat(values.output);
  if (format === "wide") throw new UsageError("explain has no -o wide");
  const installation = await connect();
  const facts = await factsOf(installation, key, io);
  const now = facts.now.getTime();
  const { checks, decision } = explain(facts, (at) => `${rfc3339(at)} (${fromNow(at, now)})`);
  const seen = await findObject(installation, key);
  const next = seen ? nextStep(seen, now) : "Nothing: the object is gone. What State knows of it ends within 30 days.";
  if (format !== "table") {
    const { namespace, name } = key;
    io.out(document({ namespace, name, time: rfc3339(now), checks, decision, next }, format));
    return 0;
  }
  io.out(table(["CHECK", "VERDICT", "FACTS"], checks.map(rowOf), { colour: io.colour.out }));
  io.out(`\nDecision:\n  ${sentenceOf(checks, decision)}\n\nNext:\n  ${next}`);
  return 0;
}

/** The same facts that dispatch would decide on now. */
async function factsOf(installation: Installation, key: ResourceKey, io: Io): Promise<Facts> {
  const { requests, state, clock, instance, describeSecret } = installation;
  const reads = { requests, state, clock, policy: {} };
  const [gathered] = await gather(reads, [key]);
  if (!gathered || "error" in gathered) throw gathered?.error ?? new Failure("nothing was read");
  if (!gathered.request && !gathered.row) throw new Failure(`${printedKey(key)} not found${inNamespace(key)}`);
  const store: Stores["store"] = async (name) => ({ describe: (stored) => describeSecret(name, stored) });
  const facts = withPolicy(gathered);
  try {
    return (await decideLooking({ instance, store }, facts)).facts;
  } catch (error) {
    if (classOf(error) !== "RefusedError") throw error;
    io.err(`warning: the stored secret cannot be described, so it is not looked at: ${explainError(error).message}`);
    return facts;
  }
}

/** Only dispatch knows the namespaces of the installation: what they refused is in the status. */
function withPolicy(facts: Facts): Facts {
  const { request, row } = facts;
  const refusals = ["NamespaceNotAllowed", "NameNotAllowed"];
  const isOfNow = request?.ok && row?.specHash === request.resource.specHash;
  if (!isOfNow || !refusals.includes(row.ready.reason)) return facts;
  const { reason, message } = row.ready;
  const [what = "", ...fix] = message.split("; ");
  return { ...facts, policy: { refused: { reason, message: what, fix: fix.join("; ") } } };
}

function rowOf({ check, verdict, facts, reason }: Explained): Cell[] {
  const fires = reason === undefined ? verdict : `${verdict}: ${reason}`;
  const shown: Cell = verdict === "fires" ? { text: fires, style: "yellow" } : verdict;
  return [titleOf(check), verdict === "not looked at" ? { text: verdict, style: "dim" } : shown, facts];
}

/** What the decision is, in the words of the check that made it. */
function sentenceOf(checks: Explained[], decision: Decision): string {
  const { reason, message } = checks.filter(({ verdict }) => verdict === "fires").at(-1) ?? {};
  const words = [decision.action, reason].filter((word) => word !== undefined).join(": ");
  return message === undefined ? words : `${words}: ${message}`;
}

function nameFrom(args: string[]): string {
  const [first, second] = args;
  if (first === undefined) throw new UsageError("explain which Certificate? give its name");
  const targets = first.includes("/") ? parseTargets([first]) : [];
  if (second !== undefined) throw new UsageError("explain takes one name");
  if (targets[0] && targets[0].kind !== "Certificate")
    throw new UsageError(`only Certificates are decided on by this chain, not ${first}`);
  return targets[0]?.name ?? first;
}

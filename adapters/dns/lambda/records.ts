import { LambdaClient } from "@aws-sdk/client-lambda";
import type * as z from "zod/mini";
import type { DnsAccess } from "../../../core/dns-adapter.ts";
import { RefusedError, UnavailableError } from "../../../core/errors.ts";
import type { DnsProvider, RecordResult, TxtRecord } from "../../../core/ports.ts";
import { type Invoke, invokeOn } from "./invoke.ts";
import { type DnsFunctionResult, recordsReply, settledReply } from "./messages.ts";
import type { LambdaSolver } from "./solver.ts";

type Result = { change: string } | { unchanged: true } | { error: Error };
type Verb = "publish" | "cleanUp";

/** So that a function which serves one after the other is done in time. */
const atOnce = 50;

/** Opens a client with the solver's role, in the function's region. */
export async function openLambda(
  { functionName, region, role, config }: LambdaSolver,
  { aws }: Pick<DnsAccess, "aws">,
): Promise<DnsProvider> {
  const client = new LambdaClient({ ...(await aws(role)), ...(region === undefined ? {} : { region }) });
  return lambdaRecords(invokeOn(client, functionName), config);
}

/** TXT records as the user's function keeps them. */
export function lambdaRecords(invoke: Invoke, config: Record<string, string>): DnsProvider {
  return {
    publish: (records) => change("publish", records, invoke, config),
    cleanUp: (records) => change("cleanUp", records, invoke, config),
    settled: async (changes) => {
      const settled = new Map<string, boolean>();
      for (const some of chunks([...new Set(changes)])) {
        const reply = await invoke({ version: 1, verb: "settled", config, changes: some });
        const answers = understood(settledReply, reply, (read) => read.settled, some.length);
        for (const [index, change] of some.entries()) settled.set(change, answers[index] ?? false);
      }
      return settled;
    },
  };
}

async function change(
  verb: Verb,
  records: TxtRecord[],
  invoke: Invoke,
  config: Record<string, string>,
): Promise<RecordResult[]> {
  const results = new Map<string, Result>();
  const distinct = new Map(records.map((record) => [keyOf(record), { name: record.name, value: record.value }]));
  for (const some of chunks([...distinct.values()])) {
    const answers = await answersTo(verb, some, invoke, config);
    for (const [index, record] of some.entries()) results.set(keyOf(record), answers[index] ?? unanswered(record));
  }
  return records.map((record) => ({ record, ...(results.get(keyOf(record)) ?? unanswered(record)) }));
}

/** What befalls the call befalls each of its records. */
async function answersTo(
  verb: Verb,
  records: TxtRecord[],
  invoke: Invoke,
  config: Record<string, string>,
): Promise<Result[]> {
  try {
    const reply = await invoke({ version: 1, verb, config, records });
    const answers = understood(recordsReply, reply, (read) => read.results, records.length);
    return answers.map((answer, index) => resultOf(verb, answer, records[index]?.name ?? ""));
  } catch (error) {
    return records.map(() => ({ error: error instanceof Error ? error : new Error(String(error)) }));
  }
}

function resultOf(verb: Verb, answer: DnsFunctionResult, name: string): Result {
  if (!("error" in answer)) return answer;
  const { kind } = answer.error;
  const message = `The DNS function says of ${name}: ${answer.error.message.slice(0, 300)}`;
  const fix = answer.error.fix?.slice(0, 300) ?? "Do what the message asks for, or look into the function's log.";
  if (kind === "unavailable") return { error: new UnavailableError({ reason: "DnsFunctionUnavailable", message }) };
  if (kind === "refused") return { error: new RefusedError({ reason: "DnsFunctionRefused", message, fix }) };
  if (verb === "cleanUp") return { unchanged: true };
  return { error: new RefusedError({ reason: "HostedZoneNotFound", message, fix }) };
}

/** The list in the reply, which must have as many entries as were asked for. */
function understood<Schema extends z.ZodMiniType, Entry>(
  schema: Schema,
  reply: unknown,
  listOf: (read: z.infer<Schema>) => Entry[],
  count: number,
): Entry[] {
  const parsed = schema.safeParse(reply);
  const list = parsed.success ? listOf(parsed.data) : undefined;
  if (list?.length === count) return list;
  const issue = parsed.error?.issues[0];
  const at = issue?.path.map(String).join(".") ?? "";
  const problem = issue
    ? `${at === "" ? "the whole" : at}: ${issue.message}`
    : `it has ${list?.length} entries, not ${count}`;
  throw new RefusedError({
    reason: "DnsFunctionBadReply",
    message: `The DNS function's reply breaks its contract (${problem})`,
    fix: "compare it with docs/dns-function.v1.schema.json, and run the checks of docs/dns-lambda.md",
  });
}

function chunks<Item>(items: Item[]): Item[][] {
  const count = Math.ceil(items.length / atOnce);
  return Array.from({ length: count }, (_, index) => items.slice(index * atOnce, (index + 1) * atOnce));
}

function keyOf({ name, value }: TxtRecord): string {
  return `${name} ${value}`;
}

function unanswered({ name }: TxtRecord): Result {
  return { error: new Error(`No answer for ${name}.`) };
}

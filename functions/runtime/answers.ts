import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { openTable } from "../../adapters/aws/dynamo/table.ts";
import { answerRows } from "../../adapters/aws/state/answers.ts";
import type { State } from "../../core/ports.ts";
import { readEnvironment } from "./environment.ts";
import { logFailed } from "./log.ts";

type Answers = Pick<State, "answerTo">;

const name = "serve-challenge";
const clock = { now: () => new Date() };
let opened: Answers | undefined;

/** All of State that serve-challenge reads: anybody may call it, so it is made of as little as possible. */
export function openAnswers(): Answers {
  opened ??= open(readEnvironment(process.env).stateTable);
  return opened;
}

/** A line of log, and of nobody's asking: neither token nor path. */
export function countFailure(error: unknown): void {
  logFailed(name, { instance: process.env.CERTWRIGHT_INSTANCE ?? "", at: clock.now() }, error);
}

function open(table: string): Answers {
  const client = new DynamoDBClient({ customUserAgent: [[`certwright-${name}`, "1"]] });
  return answerRows(openTable({ client, table, called: "State" }), clock);
}

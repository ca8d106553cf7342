import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Clock, State } from "../../core/ports.ts";
import { openTable } from "./dynamo/table.ts";
import { answerRows } from "./state/answers.ts";
import { attemptRows } from "./state/attempts.ts";
import { besideAttempts, sealedKeys } from "./state/beside.ts";
import { recordClaims, secretClaims } from "./state/claims.ts";
import { dueRows } from "./state/due.ts";
import { eventRows } from "./state/events.ts";
import { kubernetesRows } from "./state/kubernetes.ts";
import { ledger } from "./state/ledger.ts";
import { resourceRows } from "./state/resources.ts";
import { revocationRows } from "./state/revocations.ts";

/** The State table (core/tables.ts): what each row looks like is in adapters/aws/state/, one file for each family. */
export function dynamoState({ client, table, clock }: { client: DynamoDBClient; table: string; clock: Clock }): State {
  const rows = openTable({ client, table, called: "State" });
  return {
    ...resourceRows(rows),
    ...attemptRows(rows),
    ...besideAttempts(rows, clock),
    ...sealedKeys(rows, clock),
    ...recordClaims(rows, clock),
    ...answerRows(rows, clock),
    ...secretClaims(rows),
    ...ledger(rows),
    ...dueRows(rows),
    ...eventRows(rows),
    ...kubernetesRows(rows),
    ...revocationRows(rows),
  };
}

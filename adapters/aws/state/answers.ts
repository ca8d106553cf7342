import { UnavailableError } from "../../../core/errors.ts";
import type { Clock, State } from "../../../core/ports.ts";
import type { Table } from "../dynamo/table.ts";
import { leftBehindAt } from "./beside.ts";
import { answerItem } from "./beside-schemas.ts";
import { leave } from "./claims.ts";
import { answerKey } from "./keys.ts";
import { parsed } from "./schemas.ts";

/** How often a release that others overtake is tried again at once. */
const races = 10;

/** Answers to HTTP01 challenges; each is also the list of the attempts that need it, so that no answer outlives them. */
export function answerRows(table: Table, clock: Clock): Pick<State, "claimAnswer" | "releaseAnswer" | "answerTo"> {
  return {
    claimAnswer: async ({ token, keyAuthorization }, { attemptId }) => {
      const change = {
        text: "ADD #attempts :me SET #keyAuthorization = :keyAuthorization, #expiresAt = :expiresAt",
        values: { me: new Set([attemptId]), keyAuthorization, expiresAt: leftBehindAt(clock) },
      };
      await table.update(answerKey(token), change);
    },
    releaseAnswer: async (token, { attemptId }) => {
      for (let race = 0; race < races; race += 1) if (await leave(table, answerKey(token), attemptId)) return;
      const message = `State: ${races} others changed who needs an HTTP01 answer while it was released`;
      throw new UnavailableError({ reason: "StateUnavailable", message });
    },
    answerTo: async (token) => {
      const item = await table.get(answerKey(token));
      return item && parsed(answerItem, item, item).keyAuthorization;
    },
  };
}

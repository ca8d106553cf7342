import type { Due, State } from "../../core/ports.ts";
import type { Lane } from "../../core/rows.ts";
import { attemptRows, besideAttempts } from "./memory-state/attempts.ts";
import { answerRows, eventRows, ledger, recordClaims, secretClaims } from "./memory-state/claims.ts";
import { dueList, dueOf } from "./memory-state/due-list.ts";
import { kubernetesRows } from "./memory-state/kubernetes.ts";
import { certificateRows, issuerRows } from "./memory-state/resources.ts";
import { revocationRows } from "./memory-state/revocations.ts";

/** State in memory, and DynamoDB's time to live: what of attempts has expired goes only when it is told so. */
export interface MemoryState extends State {
  expire(now: Date): void;
}

/**
 * State in memory: the port's contract and nothing of DynamoDB. Time to live is played by expire() alone. Every method works on copies
 * and in one turn of the event loop, so concurrent callers are as safe as with conditional writes.
 */
export function memoryState(): MemoryState {
  const due = { renew: dueList(), new: dueList() };
  const certificates = certificateRows(due);
  const issuers = issuerRows(due);
  const items = besideAttempts();
  const dueIn = (lane: Lane, now: number, limit: number): Due[] => {
    const found: Due[] = [];
    for (const { id, dueAt } of due[lane].upTo(now)) {
      if (found.length >= limit) break;
      const one = dueOf(id, dueAt, lane);
      const isLook = one.what === "certificate" && lane === "new" && certificates.peek(id)?.issued !== undefined;
      found.push(isLook ? { ...one, what: "look" } : one);
    }
    return found;
  };
  return {
    ...certificates,
    ...issuers,
    ...items,
    ...attemptRows(due, items),
    ...recordClaims(),
    ...answerRows(),
    ...secretClaims(),
    ...ledger(),
    ...eventRows(),
    ...kubernetesRows(due),
    ...revocationRows(due),
    scanKeys: async function* () {
      const keys = [...certificates.live(), ...issuers.live()];
      if (keys.length > 0) yield keys;
    },
    due: async (now, limit) => {
      const renewals = dueIn("renew", now.getTime(), limit);
      return [...renewals, ...dueIn("new", now.getTime(), limit - renewals.length)];
    },
    smallestMargin: async (now, until) => {
      let smallest: number | undefined;
      for (const { id, dueAt } of due.renew.upTo(until.getTime())) {
        const issued = certificates.peek(id)?.issued;
        if (!issued || dueAt >= until.getTime()) continue;
        const margin = (issued.notAfter - now.getTime()) / (issued.notAfter - issued.notBefore);
        smallest = Math.min(margin, smallest ?? margin);
      }
      return smallest;
    },
  };
}

import { describe } from "vitest";
import type { State } from "../../core/ports.ts";
import { testAttempts } from "./state/attempts.ts";
import { testBeside } from "./state/beside.ts";
import { testClaims } from "./state/claims.ts";
import { testDue } from "./state/due.ts";
import { testInClusters } from "./state/in-clusters.ts";
import { testIssuers } from "./state/issuers.ts";
import { testKubernetes } from "./state/kubernetes.ts";
import { testLedger } from "./state/ledger.ts";
import { testOwnRequests } from "./state/own-requests.ts";
import { testResources } from "./state/resources.ts";
import { testRevocations } from "./state/revocations.ts";

/** What the port State promises; `makeState` gives a new and empty one each time. */
export function testState(name: string, makeState: () => State | Promise<State>): void {
  describe(`State: ${name}`, () => {
    testResources(makeState);
    testIssuers(makeState);
    testAttempts(makeState);
    testBeside(makeState);
    testClaims(makeState);
    testLedger(makeState);
    testDue(makeState);
    testKubernetes(makeState);
    testInClusters(makeState);
    testRevocations(makeState);
    testOwnRequests(makeState);
  });
}

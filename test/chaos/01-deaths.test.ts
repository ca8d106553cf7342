import { type Effect, renewalEffects, stepEffects } from "../support/chaos/effects.ts";
import {
  type Blow,
  struckAlone,
  struckAtRenewal,
  struckInCleanUp,
  struckOnce,
  struckTwice,
} from "../support/chaos/killed.ts";
import { chaosTable } from "../support/chaos/rows.ts";
import { issuerEffects, orderEffects, resyncEffects, startEffects } from "../support/chaos/trigger-effects.ts";
import {
  deathsOfAcceptRequest,
  deathsOfCheckIssuer,
  deathsOfDispatch,
  deathsOfResync,
  deathsOfSweep,
  inTurn,
} from "../support/chaos/triggers.ts";
import { openBed } from "../support/integration-bed.ts";

const bed = openBed();
const before: Blow = { kind: "kill", when: "before" };
const after: Blow = { kind: "kill", when: "after" };
const beforeTwice: Blow = { ...before, times: 2 };
const afterTwice: Blow = { ...after, times: 2 };

/** With `npm test`. */
const quick = ["newOrder", "CreateSecret"];

const called = (...whats: string[]) => stepEffects.filter(({ what }) => whats.includes(what));
const inSteps = ({ by }: Effect) => by !== "clean-up-challenge";
const cleanUps = stepEffects.filter((effect) => !inSteps(effect));

/** What the retry does again, although it was done. */
const doneAgain = called(
  "GenerateDataKey",
  "the claim of the record",
  "ChangeResourceRecordSets",
  "GetChange",
  "the answer to the challenge",
  "the download",
  "Decrypt",
  "CreateSecret",
  "PutEvents",
).filter(inSteps);
/** What the retry does, because it was not done. */
const stillToDo = called(
  "GenerateDataKey",
  "newOrder",
  "the write of the order's URL",
  "the write of the challenges",
  "ChangeResourceRecordSets",
  "the answer to the challenge",
  "finalize",
  "the write of the chain",
  "CreateSecret",
  "the write of the status",
).filter(inSteps);

const beside = { beside: true };

chaosTable(
  "A step's Lambda dies at one of its effects",
  stepEffects.flatMap((effect, index) => [
    struckOnce(bed, `kb${index}`, effect, before),
    struckOnce(bed, `ka${index}`, effect, after, quick.includes(effect.what)),
  ]),
  beside,
);

chaosTable(
  "Write secret dies at a renewal",
  renewalEffects.flatMap((effect, index) => [
    struckAtRenewal(bed, `rb${index}`, effect, before),
    struckAtRenewal(bed, `ra${index}`, effect, after),
  ]),
  beside,
);

chaosTable(
  "A step's Lambda dies in a batch of two, and again on Step Functions' retry",
  [
    ...stillToDo.map((effect, index) => struckTwice(bed, `tb${index}`, effect, "before")),
    ...doneAgain.map((effect, index) => struckTwice(bed, `ta${index}`, effect, "after")),
  ],
  beside,
);

chaosTable(
  "A step's Lambda dies twice, and nobody else is in its execution",
  [
    ...called("newOrder", "finalize", "CreateSecret").map((effect, index) =>
      struckAlone(bed, `u${index}`, effect, "before"),
    ),
    ...cleanUps.map((effect, index) => struckInCleanUp(bed, `v${index}`, effect, beforeTwice)),
  ],
  beside,
);

chaosTable("Check issuer dies", deathsOfCheckIssuer(bed, "i", issuerEffects, [before, after]), beside);
chaosTable("Accept request dies", deathsOfAcceptRequest(bed, "o", orderEffects, [before, after, afterTwice]), beside);

chaosTable("Resync dies", deathsOfResync(bed, "y", resyncEffects, [before, after]));

// These die with all that they had in their hands, so nothing else may be under way.
const turn = inTurn();
chaosTable("Dispatch dies", deathsOfDispatch(bed, "d", startEffects("dispatch"), [before, after], turn), beside);
chaosTable("The sweep dies", deathsOfSweep(bed, "s", startEffects("sweep"), [before, after], turn), beside);

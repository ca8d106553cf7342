import { renewalEffects, stepEffects } from "../support/chaos/effects.ts";
import { type Blow, struckAtRenewal, struckInCleanUp, struckOnce } from "../support/chaos/killed.ts";
import { chaosTable } from "../support/chaos/rows.ts";
import { issuerEffects, orderEffects, startEffects } from "../support/chaos/trigger-effects.ts";
import { deathsOfAcceptRequest, deathsOfCheckIssuer, deathsOfDispatch } from "../support/chaos/triggers.ts";
import { openBed } from "../support/integration-bed.ts";

const bed = openBed();
const lost: Blow = { kind: "dropReply", when: "after" };
/** As often as an SDK asks before it gives up: the step itself fails then. */
const lostThrice: Blow = { ...lost, times: 3 };

/** With `npm test`. */
const quick = ["newOrder", "finalize", "PutEvents"];
const inSteps = stepEffects.filter(({ by }) => by !== "clean-up-challenge");
const ofSdks = [
  "GenerateDataKey",
  "the write of the CSR",
  "the write of the order's URL",
  "ChangeResourceRecordSets",
  "Decrypt",
  "CreateSecret",
  "PutEvents",
  "the write of the status",
].flatMap((name) => inSteps.filter(({ what }) => what === name));
const cleanUp = stepEffects.filter(
  ({ by, what }) => by === "clean-up-challenge" && what === "ChangeResourceRecordSets",
);
const beside = { beside: true };

chaosTable(
  "A reply is lost after the effect",
  stepEffects.map((effect, index) => struckOnce(bed, `l${index}`, effect, lost, quick.includes(effect.what))),
  beside,
);

chaosTable(
  "A reply is lost at a renewal",
  renewalEffects.map((effect, index) => struckAtRenewal(bed, `n${index}`, effect, lost)),
  beside,
);

chaosTable(
  "The replies to all three tries of an SDK are lost",
  [
    ...ofSdks.map((effect, index) => struckOnce(bed, `m${index}`, effect, lostThrice)),
    ...cleanUp.map((effect, index) => struckInCleanUp(bed, `c${index}`, effect, lostThrice)),
  ],
  beside,
);

chaosTable("A reply to Dispatch is lost", deathsOfDispatch(bed, "e", startEffects("dispatch"), [lost]), beside);
chaosTable("A reply to Check issuer is lost", deathsOfCheckIssuer(bed, "j", issuerEffects, [lost]), beside);
chaosTable("A reply to Accept request is lost", deathsOfAcceptRequest(bed, "p", orderEffects, [lost]), beside);

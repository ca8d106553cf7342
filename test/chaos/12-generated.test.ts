import { answerWrongly } from "../support/chaos/generated-acme.ts";
import { sendObjects } from "../support/chaos/generated-requests.ts";
import { chaosTable } from "../support/chaos/rows.ts";

const objects =
  "None crashes anything, none is lost, each ends in a state that State can hold and docs/errors.md explains.";
const answers =
  "None crashes a step, none is lost: every Certificate is Ready in the end with a certificate of this CA; no record left.";

/** The seed is in what was seen; CHAOS_SEED takes another. */
chaosTable(
  "Generated input (in memory, virtual clock)",
  [
    {
      fault: "500 generated request objects, over the table and the bus",
      expected: objects,
      quick: true,
      run: () => sendObjects(500),
    },
    {
      fault: "300 generated answers of the CA to the real ACME client",
      expected: answers,
      quick: true,
      run: () => answerWrongly(300),
    },
    {
      fault: "10,000 generated request objects, over the table and the bus",
      expected: objects,
      run: () => sendObjects(10_000),
    },
    {
      fault: "10,000 generated answers of the CA to the real ACME client",
      expected: answers,
      run: () => answerWrongly(10_000),
    },
  ],
  { oneByOne: true },
);

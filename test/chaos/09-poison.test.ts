import { poisonBatch } from "../support/chaos/aws-poison.ts";
import { chaosTable } from "../support/chaos/rows.ts";
import { openBed } from "../support/integration-bed.ts";

const bed = openBed();

chaosTable(
  "One certificate kills its Lambda every time",
  [
    {
      fault: "of a batch of 3, in Create order",
      expected: "The other 2 Ready, each in an execution of its own; it fails alone, with an alarm and a next try",
      quick: true,
      run: () => poisonBatch(bed, { what: "poison-few", count: 3, step: "create-order", toTheEnd: false }),
    },
    {
      fault: "of a batch of 50, in Validate challenge, as if it ran out of memory",
      expected:
        "The other 49 Ready; it fails alone, with an alarm; a second failure ends the attempt and removes its record; " +
        "Ready once the cause is gone",
      run: () => poisonBatch(bed, { what: "poison", count: 50, step: "validate-challenge", toTheEnd: true }),
    },
  ],
  { oneByOne: true },
);
